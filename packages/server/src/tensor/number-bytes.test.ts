import assert from "node:assert/strict";
import { test } from "node:test";
import type { DType } from "@saccade/protocol";
import { canHold, numberBytes } from "./number-bytes.ts";

for (const [dtype, value, hex] of [
	["BOOL", 1, "01"],
	["UINT8", 255, "ff"],
	["INT8", -1, "ff"],
	["INT16", -2, "feff"],
	["UINT16", 0x1234, "3412"],
	["UINT32", 114, "72000000"],
	["INT64", -1, "ffffffffffffffff"],
	["FP16", 1, "003c"],
	["FP16", -2, "00c0"],
	["FP16", 65_504, "ff7b"],
	["FP16", -Infinity, "00fc"],
	["FP16", 2 ** -24, "0100"],
	["FP16", 1 + 2 ** -11, "003c"],
	["FP16", 1 + 3 * 2 ** -11, "023c"],
	["FP16", -0, "0080"],
	["BF16", 1, "803f"],
	["BF16", -Infinity, "80ff"],
	["BF16", 1 + 2 ** -8, "803f"],
	["BF16", 1 + 3 * 2 ** -8, "823f"],
	["FP32", -1.5, "0000c0bf"],
	["FP64", 0.1, "9a9999999999b93f"],
] as const)
	test(`${value} as ${dtype} is ${hex}`, () => {
		assert.ok(canHold(dtype, value));
		assert.equal(Buffer.from(numberBytes(dtype, value)).toString("hex"), hex);
	});

test("a type does not hold what is outside its range, nor fractions where it has none", () => {
	const wrong: readonly (readonly [DType, number])[] = [
		["BOOL", 2],
		["UINT8", 256],
		["UINT8", -1],
		["INT8", 128],
		["INT32", 0.5],
		["INT64", Infinity],
		["UINT64", 2 ** 64],
		["FP16", 65_520],
		["FP32", 1e39],
		["BYTES", 0],
	];
	for (const [dtype, value] of wrong)
		assert.ok(!canHold(dtype, value), `${dtype} ${value}`);
});
