import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CallContext } from "../../endpoint/endpoint.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import { toDecoded } from "./decode.ts";
import { generateSlices, parseGenerate } from "./generate.ts";

const CONTEXT: CallContext = {
	deadlineUs: Number.POSITIVE_INFINITY,
	receivedUs: 0,
	trace: null,
};
const INPUTS: readonly TensorSpec[] = [
	{ name: "text_input", dtype: "BYTES", shape: [-1, 1] },
	{ name: "ids", dtype: "INT32", shape: [-1, 2, -1] },
];

function decode(json: string) {
	const bytes = Buffer.from(json);
	const body = { bytes, jsonLength: null, maxJsonBytes: 1000 };
	const target = { modelName: "m", modelVersion: "" };
	const parsed = parseGenerate(body, INPUTS);
	return toDecoded(parsed, target, CONTEXT, null).request;
}

describe("generate", () => {
	test("keys that name inputs are tensors, others are parameters", () => {
		const request = decode(
			'{"id":"7","text_input":"hi","ids":[[1,2],[3,4]],"temperature":0.5,"parameters":{"priority":2}}',
		);
		assert.equal(request.id, "7");
		assert.equal(request.priority, 2);
		assert.deepEqual([...(request.parameters ?? [])], [["temperature", 0.5]]);
		assert.deepEqual(
			request.inputs.map(({ name, shape }) => [name, shape]),
			[
				["text_input", [1, 1]],
				["ids", [1, 2, 2]],
			],
		);
		assert.deepEqual(
			Buffer.from(request.inputs[0]?.data ?? []),
			Buffer.from("\u0002\0\0\0hi"),
		);
	});

	test("values that fit no shape, and bodies beyond the limit, are refused", () => {
		assert.throws(() => decode('{"ids":[1,2,3]}'), { code: "MALFORMED" });
		assert.throws(() => decode('["text_input"]'), { code: "MALFORMED" });
		assert.throws(() => decode(`{"text_input":"${"x".repeat(1000)}"}`), {
			code: "TOO_LARGE",
		});
	});

	test("answers are flat; one element stands alone", () => {
		const slices = generateSlices({
			id: "7",
			parameters: null,
			modelName: "m",
			modelVersion: "1",
			outputs: [
				{
					name: "one",
					dtype: "INT32",
					shape: [1, 1],
					data: new Uint8Array(Int32Array.of(5).buffer),
				},
				{
					name: "two",
					dtype: "INT32",
					shape: [1, 2],
					data: new Uint8Array(Int32Array.of(5, 6).buffer),
				},
			],
		});
		assert.equal(
			[...slices].join(""),
			'{"id":"7","model_name":"m","model_version":"1","one":5,"two":[5,6]}',
		);
	});
});
