import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { InferResponse } from "../../endpoint/endpoint.ts";
import { encodeError, encodeInfer, encodeJson } from "./encode.ts";

const RESPONSE: InferResponse = {
	modelName: "m",
	modelVersion: "3",
	id: "7",
	parameters: null,
	outputs: [
		{ name: "a", dtype: "INT8", shape: [1, 2], data: Uint8Array.of(1, 255) },
		{ name: "b", dtype: "BOOL", shape: [1], data: Uint8Array.of(1) },
	],
};

function encoded(
	response: Partial<InferResponse>,
	wantsBinary: (name: string) => boolean = () => false,
) {
	const { body, jsonLength } = encodeInfer(
		{ ...RESPONSE, ...response },
		wantsBinary,
	);
	return { body: body.toString("latin1"), jsonLength };
}

describe("an answer", () => {
	test("is JSON with Triton's order of keys", () => {
		assert.deepEqual(encoded({}), {
			body: '{"id":"7","model_name":"m","model_version":"3","outputs":[{"name":"a","datatype":"INT8","shape":[1,2],"data":[1,-1]},{"name":"b","datatype":"BOOL","shape":[1],"data":[true]}]}',
			jsonLength: null,
		});
	});

	test("has no id when the request had none", () => {
		assert.ok(encoded({ id: "" }).body.startsWith('{"model_name"'));
	});

	test("has its parameters before the outputs", () => {
		const parameters = new Map<string, string | number | bigint | boolean>([
			["text", 'a"b'],
			["count", 2n ** 63n],
			["flag", true],
		]);
		assert.ok(
			encoded({ parameters }).body.includes(
				'"model_version":"3","parameters":{"text":"a\\"b","count":9223372036854775808,"flag":true},"outputs"',
			),
		);
	});

	test("has binary outputs behind the JSON, in their order", () => {
		const { body, jsonLength } = encoded({}, () => true);
		const json = body.slice(0, jsonLength ?? 0);
		assert.ok(
			json.endsWith('"shape":[1],"parameters":{"binary_data_size":1}}]}'),
		);
		assert.equal(body.slice(jsonLength ?? 0), "\x01\xff\x01");
	});

	test("may have one output as JSON and another as bytes", () => {
		const { body, jsonLength } = encoded({}, (name) => name === "b");
		assert.ok(body.includes('"data":[1,-1]'));
		assert.equal(body.slice(jsonLength ?? 0), "\x01");
	});

	test("is plain JSON when all its binary outputs are empty", () => {
		const outputs = [
			{
				name: "a",
				dtype: "INT8" as const,
				shape: [0],
				data: new Uint8Array(0),
			},
		];
		const { body, jsonLength } = encoded({ outputs }, () => true);
		assert.equal(jsonLength, null);
		assert.ok(body.includes('"parameters":{"binary_data_size":0}'));
	});
});

test("errors are valid JSON whatever their text", () => {
	for (const text of [
		'quote " and \\',
		"line\nbreak",
		"lone \ud800 surrogate",
		"\0",
	])
		assert.deepEqual(JSON.parse(encodeError(text).toString()), {
			error: text.toWellFormed(),
		});
});

test("64-bit counts are printed as numbers", () => {
	assert.equal(
		encodeJson({ n: 12n, list: [1n] }).toString(),
		'{"n":12,"list":[1]}',
	);
});
