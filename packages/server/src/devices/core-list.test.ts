import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCoreList, showCoreList } from "./core-list.ts";

test("a list of cores is numbers and ranges, in any order", () => {
	assert.deepEqual(parseCoreList("0-3,6"), [0, 1, 2, 3, 6]);
	assert.deepEqual(parseCoreList("7, 2,2, 0-1"), [0, 1, 2, 7]);
	assert.deepEqual(parseCoreList("1023"), [1023]);
});

test("what is no list of cores is none", () => {
	for (const text of ["", "a", "1-", "3-1", "1,,2", "-1", "1024", "0-9999"])
		assert.equal(parseCoreList(text), null, text);
});

test("a list is written as it can be read", () => {
	for (const text of ["0", "0-3,6", "1,3,5-6"])
		assert.equal(showCoreList(parseCoreList(text) ?? []), text);
});
