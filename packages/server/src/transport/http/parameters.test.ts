import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CallContext } from "../../endpoint/endpoint.ts";
import { parseJson } from "./json/tolerant-json.ts";
import { readParameters, requestOptions } from "./parameters.ts";

const CONTEXT: CallContext = {
	deadlineUs: 5_000_000,
	receivedUs: 1_000_000,
	trace: null,
};

function options(json: string) {
	return requestOptions(readParameters(parseJson(json)), CONTEXT);
}

describe("parameters", () => {
	test("those with a meaning are taken, the rest goes with the request", () => {
		const read = options(
			'{"priority":2,"timeout":500,"sequence_id":7,"sequence_start":true,"binary_data_output":true,"text":"a","count":12345678901234567890,"ratio":0.5,"flag":false}',
		);
		assert.equal(read.priority, 2);
		assert.equal(read.timeoutUs, 500);
		assert.deepEqual(read.sequence, { id: 7n, start: true, end: false });
		assert.deepEqual(
			[...(read.parameters ?? [])],
			[
				["text", "a"],
				["count", 12_345_678_901_234_567_890n],
				["ratio", 0.5],
				["flag", false],
			],
		);
	});

	test("the earliest deadline holds", () => {
		assert.equal(options("{}").deadlineUs, 5_000_000);
		assert.equal(options('{"deadline_ms":100}').deadlineUs, 1_100_000);
		assert.equal(options('{"deadline_ms":60000}').deadlineUs, 5_000_000);
		assert.equal(options('{"deadline_ms":0.5}').deadlineUs, 1_000_500);
	});

	test("values of the wrong type or range are refused by name", () => {
		for (const [json, name] of [
			['{"priority":-1}', "priority"],
			['{"priority":1.5}', "priority"],
			['{"priority":"1"}', "priority"],
			['{"timeout":true}', "timeout"],
			['{"timeout":18446744073709551615}', "timeout"],
			['{"deadline_ms":0}', "deadline_ms"],
			['{"deadline_ms":"soon"}', "deadline_ms"],
			['{"deadline_ms":NaN}', "deadline_ms"],
			['{"sequence_id":true}', "sequence_id"],
			['{"sequence_id":1.5}', "sequence_id"],
		] as const)
			assert.throws(() => options(json), {
				code: "INVALID_ARGUMENT",
				message: new RegExp(name),
			});
	});

	test("a sequence has an id that is not zero and not empty", () => {
		for (const json of ['{"sequence_id":0}', '{"sequence_id":""}', "{}"])
			assert.equal(options(json).sequence, null);
		assert.equal(options('{"sequence_id":"cam-1"}').sequence?.id, "cam-1");
		assert.equal(
			options('{"sequence_id":18446744073709551615}').sequence?.id,
			18_446_744_073_709_551_615n,
		);
	});

	test("keys under Triton's prefix are refused, but for the one that clients send", () => {
		assert.throws(() => options('{"triton_x":1}'), {
			code: "INVALID_ARGUMENT",
			message:
				"parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified.",
		});
		options('{"triton_enable_empty_final_response":true}');
	});

	test("what is no object of scalars is malformed", () => {
		for (const json of [
			"[]",
			"1",
			'"a"',
			"null",
			'{"a":null}',
			'{"a":[1]}',
			'{"a":{}}',
		])
			assert.throws(() => options(json), { code: "MALFORMED" }, json);
	});

	test("a key named __proto__ is a parameter like others", () => {
		const read = options('{"__proto__":"x"}');
		assert.deepEqual([...(read.parameters ?? [])], [["__proto__", "x"]]);
	});
});
