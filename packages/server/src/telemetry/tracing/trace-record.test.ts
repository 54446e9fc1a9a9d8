import assert from "node:assert/strict";
import { test } from "node:test";
import { boundedText } from "./trace-record.ts";

test("a client's text becomes one line of bounded length", () => {
	assert.equal(boundedText("camera 1"), "camera 1");
	assert.equal(boundedText('a"b\n\u0000\u001b[31mred\u007f'), 'a"b   [31mred ');
	const long = boundedText("x".repeat(10_000));
	assert.equal(long.length, 256);
	assert.ok(long.endsWith("…"));
});
