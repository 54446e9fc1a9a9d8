import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DType } from "@saccade/protocol";
import { decodeBytesElements } from "../tensor/bytes-elements.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { classify } from "./classification.ts";

function tensor(
	dtype: DType,
	shape: readonly number[],
	values: NodeJS.TypedArray,
): Tensor {
	const data = new Uint8Array(
		values.buffer,
		values.byteOffset,
		values.byteLength,
	);
	return { name: "scores", dtype, shape, data };
}

function texts({ data }: Tensor): string[] {
	return decodeBytesElements(data).map((bytes) =>
		Buffer.from(bytes).toString(),
	);
}

describe("classification", () => {
	const scores = tensor("FP32", [2, 3], Float32Array.of(0.25, 2, -1, 0, 0, 7));

	test("gives the k largest of each row, with their labels where there are any", () => {
		const result = classify(scores, 2, true, ["cat", "dog"]);
		assert.deepEqual(texts(result), [
			"2.000000:1:dog",
			"0.250000:0:cat",
			"7.000000:2",
			"0.000000:0:cat",
		]);
		assert.deepEqual([result.name, result.dtype], ["scores", "BYTES"]);
		assert.deepEqual(result.shape, [2, 2]);
	});

	test("takes an unbatched output as one row", () => {
		const result = classify(scores, 1, false, []);
		assert.deepEqual(texts(result), ["7.000000:5"]);
		assert.deepEqual(result.shape, [1]);
	});

	test("gives no more than there is", () => {
		assert.deepEqual(classify(scores, 99, true, []).shape, [2, 3]);
		const empty = tensor("FP32", [0, 3], new Float32Array(0));
		assert.deepEqual(classify(empty, 1, true, []).shape, [0, 0]);
	});

	test("keeps 64-bit integers exact", () => {
		const large = tensor(
			"INT64",
			[1, 2],
			BigInt64Array.of(9_007_199_254_740_993n, 9_007_199_254_740_992n),
		);
		assert.deepEqual(texts(classify(large, 1, true, [])), [
			"9007199254740993:0",
		]);
	});

	test("reads rows that lie across alignment", () => {
		const askew = new Uint8Array(11).subarray(3);
		askew.set(new Uint8Array(Float32Array.of(1, 2).buffer));
		const result = classify(
			{ ...scores, shape: [1, 2], data: askew },
			1,
			true,
			[],
		);
		assert.deepEqual(texts(result), ["2.000000:1"]);
	});

	test("prints what is no plain number as C++ does, and puts NaN last", () => {
		const values = Float64Array.of(
			Number.NaN,
			1,
			Number.NaN,
			Number.NEGATIVE_INFINITY,
			Number.POSITIVE_INFINITY,
			1e21,
		);
		const result = classify(tensor("FP64", [1, 6], values), 6, true, []);
		assert.deepEqual(texts(result), [
			"inf:4",
			"1000000000000000000000.000000:5",
			"1.000000:1",
			"-inf:3",
			"nan:0",
			"nan:2",
		]);
	});

	test("refuses types without an order, and results without measure", () => {
		for (const dtype of ["BYTES", "BOOL", "FP16"] as const)
			assert.throws(() => classify({ ...scores, dtype }, 1, true, []), {
				code: "INVALID_ARGUMENT",
				message: new RegExp(`unsupported type '${dtype}'`),
			});
		const many = tensor("UINT8", [1001, 1000], new Uint8Array(1_001_000));
		assert.throws(() => classify(many, 1000, true, []), {
			code: "INVALID_ARGUMENT",
			message: /1000 of each of 1001 rows/,
		});
	});
});
