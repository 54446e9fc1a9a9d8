import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CallContext } from "../../endpoint/endpoint.ts";
import { decodeInfer } from "./decode.ts";

const CONTEXT: CallContext = {
	deadlineUs: Number.POSITIVE_INFINITY,
	receivedUs: 0,
	traceparent: null,
};
const TARGET = { modelName: "m", modelVersion: "" };

/** @param payload bytes after the JSON */
function decode(json: unknown, payload = new Uint8Array(0)) {
	const text = typeof json === "string" ? json : JSON.stringify(json);
	const head = Buffer.from(text);
	return decodeInfer(
		{
			bytes: Buffer.concat([head, payload]),
			jsonLength: payload.byteLength === 0 ? null : head.byteLength,
			maxJsonBytes: 10_000,
		},
		TARGET,
		CONTEXT,
		null,
	);
}

const input = (more: object) => ({
	name: "x",
	datatype: "INT8",
	shape: [2],
	...more,
});
const binary = (size: unknown) =>
	input({ parameters: { binary_data_size: size } });

describe("an infer request", () => {
	test("has its tensors' bytes as views on the body, in the order of the inputs", () => {
		const payload = Uint8Array.of(1, 2, 3, 4, 5);
		const { request } = decode(
			{
				id: "7",
				inputs: [binary(2), { ...binary(3), name: "y", shape: [3] }],
			},
			payload,
		);
		assert.equal(request.id, "7");
		assert.deepEqual(
			request.inputs.map(({ name, data }) => [name, [...data]]),
			[
				["x", [1, 2]],
				["y", [3, 4, 5]],
			],
		);
		const [x, y] = request.inputs;
		assert.equal(x?.data.buffer, y?.data.buffer);
	});

	test("may mix JSON and binary inputs", () => {
		const { request } = decode(
			{ inputs: [input({ data: [8, 9] }), { ...binary(2), name: "y" }] },
			Uint8Array.of(1, 2),
		);
		assert.deepEqual(
			request.inputs.map(({ data }) => [...data]),
			[
				[8, 9],
				[1, 2],
			],
		);
	});

	test("has no outputs, a list of none, or those it names", () => {
		const outputs = (value: unknown) =>
			decode({ inputs: [], outputs: value }).request.outputs?.map(
				({ name }) => name,
			) ?? null;
		assert.equal(decode({ inputs: [] }).request.outputs, null);
		assert.equal(outputs([]), null);
		assert.deepEqual(outputs([{ name: "a" }, { name: "b" }]), ["a", "b"]);
	});

	test("binary_data_output counts only when no outputs are listed", () => {
		const parameters = { binary_data_output: true };
		assert.equal(decode({ inputs: [], parameters }).wantsBinary("a"), true);
		assert.equal(decode({ inputs: [] }).wantsBinary("a"), false);
		const { wantsBinary } = decode({
			inputs: [],
			parameters,
			outputs: [
				{ name: "a" },
				{ name: "b", parameters: { binary_data: true } },
				{ name: "c", parameters: { binary_data: false } },
			],
		});
		assert.deepEqual(["a", "b", "c"].map(wantsBinary), [false, true, false]);
	});

	test("bytes that are missing or left over are told with their number", () => {
		assert.throws(() => decode({ inputs: [binary(5)] }, Uint8Array.of(1, 2)), {
			code: "INVALID_ARGUMENT",
			message:
				"unexpected size for input 'x', expecting 3 additional bytes for model 'm'",
		});
		assert.throws(() => decode({ inputs: [binary(1)] }, Uint8Array.of(1, 2)), {
			code: "INVALID_ARGUMENT",
			message: "unexpected additional input data for model 'm': 1 bytes",
		});
	});

	test("a binary size is a whole number, whatever is said", () => {
		for (const size of [-1, 1.5, "2", true, 2 ** 60, 1e300])
			assert.throws(
				() => decode({ inputs: [binary(size)] }, Uint8Array.of(1, 2)),
				/binary_data_size|expecting \d+ additional bytes/,
				String(size),
			);
	});

	test("an input has exactly one source", () => {
		const text = (value: object) => {
			try {
				decode({ inputs: [value] });
			} catch (error) {
				return (error as Error).message;
			}
			return "";
		};
		const rule =
			"Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'. But ";
		assert.equal(text(input({})), `${rule}no field is set`);
		assert.equal(
			text(input({ data: [1, 2], parameters: { binary_data_size: 2 } })),
			`${rule}set 'data', 'binary_data_size'`,
		);
		assert.equal(
			text(input({ data: [1, 2], parameters: { shared_memory_region: "r" } })),
			`${rule}set 'data', 'shared_memory_region'`,
		);
		assert.equal(
			text(input({ parameters: { shared_memory_region: "r" } })),
			"Unable to find shared memory region: 'r'",
		);
	});

	test("fields of the wrong type are malformed, and named", () => {
		const wrong: readonly (readonly [json: unknown, text: RegExp])[] = [
			["", /a value is missing/],
			["nonsense", /a value is missing or not valid at 0/],
			["[]", /the request is not an object/],
			["{}", /Unable to parse 'inputs'/],
			[{ inputs: {} }, /Unable to parse 'inputs'/],
			[{ inputs: [1] }, /an input is not an object/],
			[{ inputs: [], id: 7 }, /Unable to parse 'id'/],
			[{ inputs: [], outputs: {} }, /Unable to parse 'outputs'/],
			[{ inputs: [], outputs: ["a"] }, /an output is not an object/],
			[{ inputs: [], outputs: [{}] }, /Unable to parse 'name'/],
			[{ inputs: [input({ name: 1, data: [] })] }, /Unable to parse 'name'/],
			[
				{ inputs: [input({ datatype: 1, data: [] })] },
				/Unable to parse 'datatype'/,
			],
			[{ inputs: [input({ shape: 2, data: [] })] }, /Unable to parse 'shape'/],
			[{ inputs: [input({ shape: [-1], data: [] })] }, /non-unsigned-integer/],
			[{ inputs: [input({ shape: [1.5], data: [] })] }, /non-unsigned-integer/],
			[{ inputs: [input({ shape: ["1"], data: [] })] }, /non-unsigned-integer/],
			[
				{ inputs: [input({ parameters: [], data: [] })] },
				/'parameters' is not an object/,
			],
			['{"inputs":[],"inputs":{}}', /Unable to parse 'inputs'/],
		];
		for (const [json, message] of wrong)
			assert.throws(() => decode(json), { code: "MALFORMED", message });
	});

	test("a data type that is none is named", () => {
		assert.throws(
			() => decode({ inputs: [input({ datatype: "FP99", data: [1, 2] })] }),
			{
				code: "INVALID_ARGUMENT",
				message: /'FP99'/,
			},
		);
	});

	test("classification is a count", () => {
		const count = (classification: unknown) =>
			decode({
				inputs: [],
				outputs: [{ name: "a", parameters: { classification } }],
			}).request.outputs?.[0]?.classification;
		assert.equal(count(3), 3);
		for (const wrong of [-1, 1.5, "x", true])
			assert.throws(() => count(wrong), {
				code: "INVALID_ARGUMENT",
				message: /must be a count/,
			});
	});

	test("a JSON part beyond its limit is not even read", () => {
		assert.throws(() => decode(" ".repeat(10_001)), {
			code: "TOO_LARGE",
			message:
				"request JSON size of 10001 bytes exceeds the maximum allowed input size of 10000 bytes. Use --http-max-input-size to increase the limit.",
		});
	});
});
