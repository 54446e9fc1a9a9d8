import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readName, utf8Bytes, writeUtf8 } from "./utf8.ts";

const text = fc.string({ unit: "binary", maxLength: 40 });

test("text is written as TextEncoder writes it, and read back", () => {
	fc.assert(
		fc.property(text, fc.string(), (value, previous) => {
			const expected = new TextEncoder().encode(value);
			assert.equal(utf8Bytes(value), expected.length);
			const target = new Uint8Array(expected.length + 2);
			assert.equal(writeUtf8(value, target, 1), expected.length + 1);
			assert.deepEqual(target.subarray(1, -1), expected);
			assert.equal(readName(target, 1, expected.length, previous), value);
			assert.equal(readName(target, 1, expected.length, value), value);
		}),
		{ seed: 41, numRuns: 500 },
	);
});

test("any bytes give some text, and whole characters around broken ones survive", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
			const read = readName(bytes, 0, bytes.length, "");
			const decoded = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
				bytes,
			);
			// How many U+FFFD stand for a broken stretch is not agreed upon.
			const collapse = (value: string) => value.replaceAll(/\ufffd+/g, "?");
			assert.equal(collapse(read), collapse(decoded));
		}),
		{ seed: 42, numRuns: 1000 },
	);
});

test("a name of a megabyte is refused", () => {
	assert.throws(() => readName(new Uint8Array(1 << 20), 0, 1 << 20, ""), {
		code: "unsupported",
		actual: 1 << 20,
		expected: 1024,
	});
});
