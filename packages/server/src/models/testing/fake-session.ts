// A session of the fake runtime for the parts of a lane, and entries for its batches.
import { ManualClock } from "../../common/manual-clock.ts";
import { FakeRuntime } from "../../runtime/fake/fake-runtime.ts";
import type { Session } from "../../runtime/runtime.ts";
import { ModelEntry } from "../entry.ts";
import type { Padding } from "../execution/shape-fit.ts";

/** Answers what it was given: rows of floats, of any length. */
export function loadEcho(): Promise<Session> {
	const tensor = (name: string) => ({ name, dtype: "FP32", shape: [-1, -1] });
	const model = {
		inputs: [tensor("input")],
		outputs: [tensor("output")],
	};
	return new FakeRuntime(new ManualClock()).load(
		{ kind: "bytes", bytes: Buffer.from(JSON.stringify(model)) },
		{},
	);
}

/** One input, of the shape as the model runs it. */
export function entryOf(
	values: readonly number[],
	shape: readonly number[],
	padding: Padding | null = null,
): ModelEntry {
	const [rows = 1, ...dims] = shape;
	return new ModelEntry(
		rows,
		{
			deadlineUs: Number.POSITIVE_INFINITY,
			priority: 0,
			timeoutUs: 0,
			receivedUs: 0,
			lease: null,
		},
		dims.join("x"),
		[shape],
		[new Uint8Array(Float32Array.from(values).buffer)],
		{ completed: () => {}, failed: () => {} },
		padding,
	);
}
