import assert from "node:assert/strict";
import { test } from "node:test";
import { OutputBuffers } from "./output-buffers.ts";

test("what was given back serves the next answer of its size", () => {
	const buffers = new OutputBuffers();
	const first = buffers.take(100_000);
	assert.equal(first.length, 131_072);
	buffers.giveBack(first);
	assert.equal(buffers.take(131_072), first);
	assert.notEqual(buffers.take(100_000), first);
});

test("keeps no more than 16 MiB that nobody uses", () => {
	const buffers = new OutputBuffers();
	const taken = Array.from({ length: 20 }, () => buffers.take(1 << 20));
	for (const buffer of taken) buffers.giveBack(buffer);
	assert.equal(buffers.idleBytes, 16 << 20);
});
