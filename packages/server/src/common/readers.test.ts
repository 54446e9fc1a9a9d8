import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
	boolean,
	decimal,
	filledText,
	oneOf,
	positive,
	type Reader,
	text,
	texts,
	triple,
	wholeNumber,
} from "./readers.ts";

const port = wholeNumber({ max: 65_535 });
const list = texts((value) => value.split(","));

const TAKEN: readonly (readonly [string, Reader<unknown>, unknown, unknown])[] =
	[
		["a whole number in text", port, "8000", 8000],
		["a whole number of YAML", port, 0, 0],
		["a decimal", decimal, " -1.5e3 ", -1500],
		["a positive decimal", positive, "0.25", 0.25],
		["a flag alone", boolean, "", true],
		["true", boolean, "true", true],
		["0", boolean, "0", false],
		["a boolean of YAML", boolean, false, false],
		["an empty text", text, "", ""],
		["one of the choices", oneOf("a", "b"), "b", "b"],
		["a text to split", list, "a,b", ["a", "b"]],
		["a list of YAML", list, ["a,b"], ["a,b"]],
		["three numbers", triple(decimal), "1, 2,3", [1, 2, 3]],
	];

const REFUSED: readonly (readonly [string, Reader<unknown>, unknown])[] = [
	["no digits", port, "x"],
	["an empty number", port, ""],
	["a sign", port, "+1"],
	["a fraction", port, 1.5],
	["a negative number", port, -1],
	["a number above the limit", port, "65536"],
	["a number too large to be exact", wholeNumber(), "9007199254740993"],
	["blanks for a number", decimal, " "],
	["infinity", decimal, "Infinity"],
	["zero where more is needed", positive, "0"],
	["a word for a boolean", boolean, "yes"],
	["an empty text where one is needed", filledText, ""],
	["a number for a text", text, 7],
	["no choice", oneOf("a", "b"), "c"],
	["an empty item", list, "a,,b"],
	["a list of numbers", list, [1]],
	["two numbers of three", triple(decimal), "1,2"],
	["three numbers of which one is none", triple(positive), "1,0,1"],
	["null", port, null],
];

describe("a reader", () => {
	for (const [what, read, value, expected] of TAKEN)
		test(`takes ${what}`, () => {
			assert.deepEqual(read(value), { ok: true, value: expected });
		});

	for (const [what, read, value] of REFUSED)
		test(`refuses ${what} and says why`, () => {
			const result = read(value);
			assert.ok(!result.ok && result.problem.length > 3);
		});
});
