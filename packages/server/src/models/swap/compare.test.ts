import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DType } from "@saccade/protocol";
import { encodeBytesElements } from "../../tensor/bytes-elements.ts";
import { numberBytes } from "../../tensor/number-bytes.ts";
import { OutputComparison, type RunOutput } from "./compare.ts";

function output(
	dtype: DType,
	values: readonly number[],
	shape: readonly number[] = [values.length],
): RunOutput {
	const bytes = values.map((value) => numberBytes(dtype, value));
	return { dtype, shape, data: new Uint8Array(Buffer.concat(bytes)) };
}

async function compare(
	old: RunOutput,
	next: RunOutput,
	tolerance: number | null = null,
) {
	const comparison = new OutputComparison("out", tolerance);
	await comparison.add(old, next);
	return comparison.result();
}

describe("outputs of two versions", () => {
	test("differ by what lies between them, relative to the old one where that is above 1", async () => {
		const { maxDifference, meanDifference } = await compare(
			output("FP32", [0, 0.5, 100, -100]),
			output("FP32", [0.25, 0.5, 110, -100]),
		);
		assert.equal(maxDifference, 0.25);
		assert.ok(Math.abs(meanDifference - 0.35 / 4) < 1e-9);
	});

	test("are compared in every type of number", async () => {
		const types: DType[] = [
			"FP16",
			"BF16",
			"FP32",
			"FP64",
			"INT8",
			"INT16",
			"INT32",
			"INT64",
			"UINT8",
			"UINT16",
			"UINT32",
			"UINT64",
		];
		for (const dtype of types) {
			const { maxDifference, agreement } = await compare(
				output(dtype, [1, 2, 8, 3]),
				output(dtype, [1, 2, 4, 3]),
			);
			assert.equal(maxDifference, 0.5, dtype);
			assert.equal(agreement, null, "rows of one element have no largest one");
		}
	});

	test("agree in a row whose largest element is the same", async () => {
		const { agreement } = await compare(
			output("FP32", [1, 2, 3, 9, 5, 5, 7, 6], [2, 4]),
			output("FP32", [0, 1, 2, 3, 5, 6, 5, 5], [2, 4]),
		);
		assert.equal(agreement, 0.5);
	});

	test("are within a tolerance up to it, and without one however far apart", async () => {
		const old = output("FP32", [1]);
		const next = output("FP32", [1.5]);
		assert.equal((await compare(old, next, 0.5)).isWithin, true);
		assert.equal((await compare(old, next, 0.49)).isWithin, false);
		assert.equal((await compare(old, next)).isWithin, true);
	});

	test("that are not finite where the old ones are keep a version out, with no tolerance at all", async () => {
		const result = await compare(
			output("FP32", [1, 2, Number.NaN]),
			output("FP32", [Number.NaN, Number.POSITIVE_INFINITY, Number.NaN]),
		);
		assert.equal(result.notFiniteCount, 2);
		assert.equal(result.isWithin, false);
	});

	test("of another shape or type are no approximation of one another", async () => {
		const old = output("FP32", [1, 2], [1, 2]);
		for (const next of [
			output("FP32", [1, 2], [2, 1]),
			output("FP64", [1, 2], [1, 2]),
		])
			assert.equal((await compare(old, next, 1e9)).isWithin, false);
	});

	test("that are texts differ by the share that is another text", async () => {
		const texts = (...values: string[]): RunOutput => ({
			dtype: "BYTES",
			shape: [values.length],
			data: encodeBytesElements(values.map((text) => Buffer.from(text))),
		});
		const { maxDifference } = await compare(
			texts("car", "dog", "", "cat"),
			texts("car", "dogs", "", "cow"),
		);
		assert.equal(maxDifference, 0.5);
	});

	test("are gone through in slices when they are large, with the same result", async () => {
		const count = 100_000;
		const old = new Float32Array(count).fill(1);
		const next = Float32Array.from(old);
		next[99_999] = 1.5;
		next[32_768] = 1.25;
		const of = (values: Float32Array): RunOutput => ({
			dtype: "FP32",
			shape: [1, count],
			data: new Uint8Array(values.buffer),
		});
		const result = await compare(of(old), of(next));
		assert.equal(result.maxDifference, 0.5);
		assert.ok(Math.abs(result.meanDifference - 0.75 / count) < 1e-12);
		assert.equal(result.agreement, 0, "the largest is another one");
	});
});
