import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DType } from "@saccade/protocol";
import type { TensorSpec } from "../tensor/tensor.ts";
import { parseConfigText } from "./config-text.ts";
import { resolveConfig } from "./resolve-config.ts";

/** `N`, `1` or a name a dimension. */
function spec(name: string, dims: string, dtype: DType = "FP32"): TensorSpec {
	const parts = dims.split(" ");
	const isNumber = (part: string) => /^\d+$/.test(part);
	return {
		name,
		dtype,
		shape: parts.map((part) => (isNumber(part) ? Number(part) : -1)),
		dimNames: parts.map((part) => (isNumber(part) || part === "?" ? "" : part)),
	};
}

const PICTURES = {
	inputs: [spec("image", "N 3 height width"), spec("mask", "N height width")],
	outputs: [spec("heat", "N ? ?"), spec("same", "N height width")],
};
const ROWS = {
	inputs: [spec("a", "N length"), spec("ids", "N other", "INT32")],
	outputs: [spec("sums", "N length"), spec("echo", "N other")],
};

function resolve(
	signature: typeof PICTURES,
	shapeBuckets: string,
	padValues = "",
	rest = "",
) {
	const parameter = (key: string, value: string) =>
		value === ""
			? ""
			: `parameters { key: "saccade.${key}" value { string_value: "${value}" } }`;
	const text = `${rest}
		${parameter("shape_buckets", shapeBuckets)}
		${parameter("pad_values", padValues)}`;
	return resolveConfig(parseConfigText(text, "test").message, signature, {
		name: "m",
		autoComplete: true,
		defaultMaxBatchSize: 4,
		defaultInstanceCount: 1,
	}).shapeBuckets;
}

test("names in the model's file tell where a dimension is", () => {
	assert.deepEqual(resolve(ROWS, "length = 8, 32", "a = -1"), {
		dims: [
			{
				name: "length",
				sizes: [8, 32],
				inputs: [{ tensor: "a", axis: 0 }],
				outputs: [{ tensor: "sums", axis: 0, times: 1, by: 1 }],
			},
		],
		padValues: new Map([["a", -1]]),
	});
});

test("what the file does not tell is stated, with a factor where it is needed", () => {
	const buckets = resolve(
		PICTURES,
		"height = 240, 480 @ heat[0]/8; width = 320 @ heat[1]*2",
	);
	assert.deepEqual(
		buckets?.dims.map(({ inputs, outputs }) => [
			inputs.map(({ tensor, axis }) => `${tensor}[${axis}]`).join(" "),
			outputs
				.map(
					({ tensor, axis, times, by }) => `${tensor}[${axis}]*${times}/${by}`,
				)
				.join(" "),
		]),
		[
			["image[1] mask[0]", "heat[0]*1/8 same[0]*1/1"],
			["image[2] mask[1]", "heat[1]*2/1 same[1]*1/1"],
		],
	);
});

test("an output may be kept as the model gives it", () => {
	const buckets = resolve(
		PICTURES,
		"height = 240; width = 320; keep heat[0] heat[1]",
	);
	assert.deepEqual(
		buckets?.dims.map(({ outputs }) => outputs.map(({ tensor }) => tensor)),
		[["same"], ["same"]],
	);
});

test("without the setting shapes are taken as they come", () => {
	assert.equal(resolve(ROWS, ""), null);
});

describe("a declaration that is wrong fails the load, by its reason:", () => {
	for (const [why, signature, buckets, pads, texts] of [
		[
			"outputs left open",
			PICTURES,
			"height = 8; width = 8",
			"",
			["heat[0] of an output follows", "'@ heat[0]'", "'keep heat[1]'"],
		],
		[
			"a name that no input has",
			ROWS,
			"size = 8",
			"",
			["no dynamic dimension of an input is called 'size'"],
		],
		[
			"a tensor that is not there",
			ROWS,
			"length = 8 @ nobody[0]",
			"",
			["there is no input or output 'nobody'"],
		],
		[
			"an axis that is not there",
			ROWS,
			"length = 8 @ a[3]",
			"",
			["'a[3]': the last dimension is 0"],
		],
		[
			"a fixed dimension",
			PICTURES,
			"height = 8 @ image[0]; width = 8",
			"",
			["'image[0]' is not dynamic, it is 3"],
		],
		[
			"a place stated twice",
			PICTURES,
			"height = 8 @ heat[0]; width = 8 @ heat[0] heat[1]",
			"",
			["'heat[0]' is stated twice"],
		],
		[
			"an input that is kept",
			ROWS,
			"length = 8; keep ids[0]",
			"",
			["only outputs are kept"],
		],
		[
			"a factor on an input",
			ROWS,
			"size = 8 @ a[0]/2 sums[0]",
			"",
			["input 'a[0]' takes no factor"],
		],
		[
			"a pad value of no input",
			ROWS,
			"length = 8",
			"nobody = 1",
			["there is no input 'nobody' to pad"],
		],
		[
			"a pad value of an input that is not padded",
			ROWS,
			"length = 8",
			"ids = 1",
			["no bucket pads input 'ids'"],
		],
		[
			"a pad value that the type lacks",
			ROWS,
			"other = 8",
			"ids = 0.5",
			["input 'ids' is INT32 and cannot hold 0.5"],
		],
		["sizes that do not ascend", ROWS, "length = 8, 4", "", ["ascending"]],
		["sizes that are no numbers", ROWS, "length = 8, x", "", ["'length'"]],
		["no size", ROWS, "length =", "", ["'length'"]],
		["no text", ROWS, " ", "", ["`name = size"]],
		[
			"a place without an axis",
			ROWS,
			"length = 8 @ a",
			"",
			["'a' is no place"],
		],
		[
			"a name that is there twice",
			ROWS,
			"length = 8; length = 9",
			"",
			["'length' is there twice"],
		],
		["a pad value that is no number", ROWS, "length = 8", "a = x", ["'a = x'"]],
	] as const)
		test(why, () => {
			assert.throws(
				() => resolve(signature, buckets, pads),
				(error: { code: string; message: string }) => {
					assert.equal(error.code, "LOAD_FAILED");
					for (const text of texts)
						assert.ok(error.message.includes(text), error.message);
					return true;
				},
			);
		});

	test("a model that is not batched", () => {
		assert.throws(
			() => resolve(ROWS, "length = 8", "", "max_batch_size: 4"),
			/need max_batch_size and dynamic_batching/,
		);
	});

	test("BYTES", () => {
		const words = spec("words", "N length", "BYTES");
		assert.throws(
			() => resolve({ inputs: [words], outputs: [words] }, "length = 8"),
			/'words' is BYTES/,
		);
	});

	test("all of them at once", () => {
		assert.throws(
			() => resolve(PICTURES, "height = 8; depth = 4", "ids = 1"),
			/'depth'.*heat\[0\].*heat\[1\].*'ids'/s,
		);
	});
});
