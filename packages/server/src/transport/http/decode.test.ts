// The same table twice: parsed in place, and in the thread of large bodies.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { CallContext } from "../../endpoint/endpoint.ts";
import { type DecodedBody, toDecoded } from "./decode.ts";
import { runJsonTask } from "./json/json-task.ts";
import { JsonThread } from "./json/json-thread.ts";
import { parseIn } from "./test-support/parse-in.ts";

const CONTEXT: CallContext = {
	deadlineUs: Number.POSITIVE_INFINITY,
	receivedUs: 0,
	trace: null,
};
const MAX_JSON_BYTES = 30_000;
const TARGET = { modelName: "m", modelVersion: "" };

type Decode = (json: unknown, payload?: Uint8Array) => Promise<DecodedBody>;

/** @param payload bytes after the JSON */
function taskOf(json: unknown, payload: Uint8Array = new Uint8Array(0)) {
	const text = typeof json === "string" ? json : JSON.stringify(json);
	const head = Buffer.from(text);
	const body = {
		bytes: Uint8Array.from(Buffer.concat([head, payload])),
		jsonLength: payload.byteLength === 0 ? null : head.byteLength,
		maxJsonBytes: MAX_JSON_BYTES,
	};
	return { kind: "infer", body, modelName: "m" } as const;
}

const onLoop: Decode = async (json, payload) =>
	toDecoded(runJsonTask(taskOf(json, payload)), TARGET, CONTEXT, null);

const thread = new JsonThread();
after(() => thread.close());

const inThread: Decode = async (json, payload) => {
	const parsed = await parseIn(thread, taskOf(json, payload));
	return toDecoded(parsed, TARGET, CONTEXT, null);
};

const input = (more: object) => ({
	name: "x",
	datatype: "INT8",
	shape: [2],
	...more,
});
const binary = (size: unknown) =>
	input({ parameters: { binary_data_size: size } });

describeBoth((decode) => {
	test("has its tensors' bytes as views on the body, in the order of the inputs", async () => {
		const payload = Uint8Array.of(1, 2, 3, 4, 5);
		const { request } = await decode(
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

	test("may mix JSON and binary inputs", async () => {
		const { request } = await decode(
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

	test("has no outputs, a list of none, or those it names", async () => {
		const outputs = async (json: object) =>
			(await decode({ inputs: [], ...json })).request.outputs?.map(
				({ name }) => name,
			) ?? null;
		assert.equal(await outputs({}), null);
		assert.equal(await outputs({ outputs: [] }), null);
		const named = { outputs: [{ name: "a" }, { name: "b" }] };
		assert.deepEqual(await outputs(named), ["a", "b"]);
	});

	test("binary_data_output counts only when no outputs are listed", async () => {
		const parameters = { binary_data_output: true };
		const all = await decode({ inputs: [], parameters });
		assert.equal(all.wantsBinary("a"), true);
		const none = await decode({ inputs: [] });
		assert.equal(none.wantsBinary("a"), false);
		const { wantsBinary } = await decode({
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

	test("bytes that are missing or left over are told with their number", async () => {
		await assert.rejects(
			() => decode({ inputs: [binary(5)] }, Uint8Array.of(1, 2)),
			{
				code: "INVALID_ARGUMENT",
				message:
					"unexpected size for input 'x', expecting 3 additional bytes for model 'm'",
			},
		);
		await assert.rejects(
			() => decode({ inputs: [binary(1)] }, Uint8Array.of(1, 2)),
			{
				code: "INVALID_ARGUMENT",
				message: "unexpected additional input data for model 'm': 1 bytes",
			},
		);
	});

	test("a binary size is a whole number, whatever is said", async () => {
		for (const size of [-1, 1.5, "2", true, 2 ** 60, 1e300])
			await assert.rejects(
				() => decode({ inputs: [binary(size)] }, Uint8Array.of(1, 2)),
				/binary_data_size|expecting \d+ additional bytes/,
				String(size),
			);
	});

	test("an input has exactly one source", async () => {
		const text = async (value: object) => {
			try {
				await decode({ inputs: [value] });
			} catch (error) {
				return (error as Error).message;
			}
			return "";
		};
		const rule =
			"Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'. But ";
		assert.equal(await text(input({})), `${rule}no field is set`);
		assert.equal(
			await text(input({ data: [1, 2], parameters: { binary_data_size: 2 } })),
			`${rule}set 'data', 'binary_data_size'`,
		);
		assert.equal(
			await text(
				input({ data: [1, 2], parameters: { shared_memory_region: "r" } }),
			),
			`${rule}set 'data', 'shared_memory_region'`,
		);
		assert.equal(
			await text(input({ parameters: { shared_memory_region: "r" } })),
			"Unable to find shared memory region: 'r'",
		);
	});

	test("fields of the wrong type are malformed, and named", async () => {
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
			await assert.rejects(() => decode(json), { code: "MALFORMED", message });
	});

	test("a data type that is none is named", async () => {
		await assert.rejects(
			() => decode({ inputs: [input({ datatype: "FP99", data: [1, 2] })] }),
			{
				code: "INVALID_ARGUMENT",
				message: /'FP99'/,
			},
		);
	});

	test("classification is a count", async () => {
		const count = async (classification: unknown) => {
			const outputs = [{ name: "a", parameters: { classification } }];
			const { request } = await decode({ inputs: [], outputs });
			return request.outputs?.[0]?.classification;
		};
		assert.equal(await count(3), 3);
		for (const wrong of [-1, 1.5, "x", true])
			await assert.rejects(() => count(wrong), {
				code: "INVALID_ARGUMENT",
				message: /must be a count/,
			});
	});

	test("a JSON part beyond its limit is not even read", async () => {
		await assert.rejects(() => decode(" ".repeat(MAX_JSON_BYTES + 1)), {
			code: "TOO_LARGE",
			message:
				"request JSON size of 30001 bytes exceeds the maximum allowed input size of 30000 bytes. Use --http-max-input-size to increase the limit.",
		});
	});

	test("counts and lengths that no client needs are refused", async () => {
		const many = Array(1001).fill({ name: "a" });
		const parameters = Object.fromEntries(many.map((_, i) => [`k${i}`, 1]));
		for (const json of [
			{ inputs: [], outputs: many },
			{ inputs: [], parameters },
			{ inputs: [input({ shape: Array(65).fill(1), data: [1] })] },
		])
			await assert.rejects(() => decode(json), {
				code: "INVALID_ARGUMENT",
				message: /the most is/,
			});
	});
});

function describeBoth(table: (decode: Decode) => void): void {
	describe("an infer request, in place", () => table(onLoop));
	describe("an infer request, in the thread", () => table(inThread));
}
