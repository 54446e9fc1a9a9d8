import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type {
	InputConfig,
	TensorConfig,
} from "../../repository/model-config.ts";
import { contractProblems } from "./contract.ts";

function tensor(
	name: string,
	dims: readonly number[],
	dtype: TensorConfig["dtype"] = "FP32",
): TensorConfig {
	return { name, dtype, dims, reshape: null };
}

function input(
	name: string,
	dims: readonly number[],
	optional = false,
): InputConfig {
	return { ...tensor(name, dims), optional };
}

const OLD = {
	maxBatchSize: 8,
	inputs: [input("image", [3, 224, 224]), input("mask", [-1], true)],
	outputs: [
		tensor("scores", [1000]),
		{ ...tensor("boxes", [-1, 4]), labelFilename: null },
	].map((one) => ({ ...one, labelFilename: null })),
};

describe("a new version", () => {
	test("may take more and promise more than the one in service", () => {
		assert.deepEqual(contractProblems(OLD, OLD), []);
		assert.deepEqual(
			contractProblems(OLD, {
				maxBatchSize: 16,
				inputs: [
					input("image", [3, -1, -1]),
					input("mask", [-1], true),
					input("threshold", [1], true),
				],
				outputs: [
					{ ...tensor("boxes", [100, 4]), labelFilename: null },
					{ ...tensor("scores", [1000]), labelFilename: "labels.txt" },
					{ ...tensor("track", [1]), labelFilename: null },
				],
			}),
			[],
		);
	});

	test("may not take less, or need more, and every problem is told", () => {
		assert.deepEqual(
			contractProblems(OLD, {
				maxBatchSize: 4,
				inputs: [
					input("image", [3, 320, 320]),
					input("mask", [-1]),
					input("size", [2]),
				],
				outputs: OLD.outputs,
			}),
			[
				"max_batch_size was 8, is 4",
				"input 'image' was FP32 [3, 224, 224], is FP32 [3, 320, 320]",
				"input 'mask' was optional, and is not any more",
				"input 'size' is new, and not optional",
			],
		);
	});

	test("may not promise less, or something else", () => {
		const outputs = (...changed: readonly TensorConfig[]) => ({
			...OLD,
			outputs: changed.map((one) => ({ ...one, labelFilename: null })),
		});
		assert.deepEqual(
			contractProblems(
				OLD,
				outputs(tensor("scores", [-1]), tensor("boxes", [-1, 4], "FP16")),
			),
			[
				"output 'scores' was FP32 [1000], is FP32 [-1]",
				"output 'boxes' was FP32 [-1, 4], is FP16 [-1, 4]",
			],
		);
		assert.deepEqual(contractProblems(OLD, outputs(tensor("scores", [1000]))), [
			"output 'boxes' is gone",
		]);
	});

	test("is batched if, and only if, the old one is", () => {
		const batched = (maxBatchSize: number) => ({ ...OLD, maxBatchSize });
		assert.deepEqual(contractProblems(batched(0), batched(4)), [
			"max_batch_size was none, is 4",
		]);
		assert.deepEqual(contractProblems(batched(4), batched(0)), [
			"max_batch_size was 4, is none",
		]);
	});
});
