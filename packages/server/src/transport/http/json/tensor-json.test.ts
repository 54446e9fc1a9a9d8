import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DType } from "@saccade/protocol";
import fc from "fast-check";
import { tensorFromJson, tensorToJson } from "./tensor-json.ts";
import { type JsonValue, parseJson } from "./tolerant-json.ts";

const INTEGERS = {
	INT8: [-(2n ** 7n), 2n ** 7n - 1n],
	INT16: [-(2n ** 15n), 2n ** 15n - 1n],
	INT32: [-(2n ** 31n), 2n ** 31n - 1n],
	INT64: [-(2n ** 63n), 2n ** 63n - 1n],
	UINT8: [0n, 2n ** 8n - 1n],
	UINT16: [0n, 2n ** 16n - 1n],
	UINT32: [0n, 2n ** 32n - 1n],
	UINT64: [0n, 2n ** 64n - 1n],
} as const satisfies Partial<Record<DType, readonly [bigint, bigint]>>;

/** What a client sends, read, written and read again. */
function roundTrip(dtype: DType, text: string): string {
	const data = parseJson(text);
	const tensor = tensorFromJson(data, dtype, countOf(data), "x");
	return tensorToJson(dtype, tensor, "x");
}

function countOf(data: JsonValue): number {
	if (!Array.isArray(data)) return 1;
	return data.reduce<number>((sum, item) => sum + countOf(item), 0);
}

describe("JSON data", () => {
	for (const [dtype, [min, max]] of Object.entries(INTEGERS) as [
		keyof typeof INTEGERS,
		readonly [bigint, bigint],
	][]) {
		test(`holds every ${dtype} exactly`, () => {
			fc.assert(
				fc.property(
					fc.array(fc.bigInt(min, max), { minLength: 1 }),
					(values) => {
						const text = `[${values.join(",")}]`;
						assert.equal(roundTrip(dtype, text), text);
					},
				),
				{ seed: 7, numRuns: 100 },
			);
		});

		test(`refuses what ${dtype} cannot hold`, () => {
			for (const wrong of [min - 1n, max + 1n])
				assert.throws(() => roundTrip(dtype, `[${wrong}]`), {
					code: "MALFORMED",
					message: new RegExp(`${wrong} is outside ${min} … ${max}`),
				});
			const kind = min < 0n ? "signed" : "unsigned";
			for (const wrong of ["1.5", "true", '"1"', "null", "NaN"])
				assert.throws(
					() => roundTrip(dtype, `[${wrong}]`),
					new RegExp(
						`attempt to access JSON non-${kind}-integer as ${kind}-integer`,
					),
				);
		});
	}

	test("FP64 comes back to the bit, whatever it is", () => {
		fc.assert(
			fc.property(fc.double(), (value) => {
				const bytes = new Uint8Array(Float64Array.of(value).buffer);
				const text = tensorToJson("FP64", bytes, "x");
				assert.deepEqual(
					tensorFromJson(parseJson(text), "FP64", 1, "x"),
					bytes,
				);
			}),
			{ seed: 8, numRuns: 500 },
		);
	});

	test("FP32 comes back to the bit, whatever it is", () => {
		fc.assert(
			fc.property(fc.float(), (value) => {
				const bytes = new Uint8Array(Float32Array.of(value).buffer);
				const text = tensorToJson("FP32", bytes, "x");
				assert.deepEqual(
					tensorFromJson(parseJson(text), "FP32", 1, "x"),
					bytes,
				);
			}),
			{ seed: 9, numRuns: 500 },
		);
	});

	test("writes NaN, the infinities and −0 as Triton does", () => {
		assert.equal(
			roundTrip("FP32", "[NaN,Infinity,-Infinity,-0.0,0]"),
			"[NaN,Infinity,-Infinity,-0.0,0]",
		);
	});

	test("booleans are true and false, and nothing else is", () => {
		assert.equal(roundTrip("BOOL", "[true,false]"), "[true,false]");
		for (const wrong of ["0", "1", '"true"', "null"])
			assert.throws(
				() => roundTrip("BOOL", `[${wrong}]`),
				/attempt to access JSON non-boolean as boolean/,
			);
	});

	test("strings keep every character", () => {
		fc.assert(
			fc.property(
				fc.array(fc.string({ unit: "grapheme" }), { minLength: 1 }),
				(texts) => {
					const json = JSON.stringify(texts);
					assert.deepEqual(JSON.parse(roundTrip("BYTES", json)), texts);
				},
			),
			{ seed: 10, numRuns: 200 },
		);
		assert.throws(
			() => roundTrip("BYTES", '["a",1]'),
			/at 1: .* non-string as string/,
		);
	});

	test("bytes that are no UTF-8 still make valid JSON", () => {
		const tensor = Uint8Array.of(3, 0, 0, 0, 0xff, 0x22, 0x5c);
		assert.deepEqual(JSON.parse(tensorToJson("BYTES", tensor, "x")), [
			'\ufffd"\\',
		]);
	});

	test("values may be nested or flat; what is written is flat", () => {
		for (const text of ["[1,2,3,4]", "[[1,2],[3,4]]", "[[[1],[2]],[3,4]]"])
			assert.equal(roundTrip("INT32", text), "[1,2,3,4]");
	});

	test("as many values as the shape asks for, no more and no fewer", () => {
		for (const data of [[], [1], [1, 2, 3]] as JsonValue[])
			assert.throws(() => tensorFromJson(data, "FP32", 2, "x"), {
				code: "MALFORMED",
				message: /Shape does not match true shape of 'data' field/,
			});
	});

	test("a huge shape with little data costs nothing", () => {
		assert.throws(() => tensorFromJson([1], "FP64", 2 ** 50, "x"), {
			code: "MALFORMED",
		});
	});

	test("half-precision types travel as bytes only", () => {
		for (const dtype of ["FP16", "BF16"] as const) {
			assert.throws(() => tensorFromJson([1], dtype, 1, "x"), {
				code: "INVALID_ARGUMENT",
			});
			assert.throws(() => tensorToJson(dtype, new Uint8Array(2), "x"), {
				code: "INVALID_ARGUMENT",
				message:
					"output 'x' of type " +
					dtype +
					" cannot travel as JSON: use binary data",
			});
		}
	});
});
