// The requests that scenarios begin with, so that each shows only what it changes.
import type { DType } from "@saccade/protocol";
import type { ScenarioInput } from "../scenario.ts";
import type { Value } from "../tensors.ts";

export function range(count: number, start = 0): number[] {
	return Array.from({ length: count }, (_, index) => start + index);
}

export function input(
	name: string,
	dtype: DType,
	shape: readonly number[],
	values: readonly Value[],
	more: Partial<ScenarioInput> = {},
): ScenarioInput {
	return { name, dtype, shape, values, ...more };
}

/** The two inputs of `simple`: 0, 1, 2 … and ones. */
export function pair(rows = 1): ScenarioInput[] {
	const count = rows * 16;
	return [
		input("INPUT0", "INT32", [rows, 16], range(count)),
		input("INPUT1", "INT32", [rows, 16], Array(count).fill(1)),
	];
}

/** The only input of the models that answer what they are given. */
export function floats(
	values: readonly number[],
	more: Partial<ScenarioInput> = {},
): ScenarioInput {
	return input("INPUT0", "FP32", [1, values.length], values, more);
}
