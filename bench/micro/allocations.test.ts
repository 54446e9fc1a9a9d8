import assert from "node:assert/strict";
import { test } from "node:test";
import { allocatedBytes } from "./allocations.ts";

const kept: unknown[] = [];

async function bytesOf(step: () => unknown): Promise<number> {
	for (let run = 0; run < 20_000; run++) await step();
	kept.length = 0;
	const bytes = await allocatedBytes(step);
	kept.length = 0;
	return bytes;
}

test("what a step allocates on the heap is counted, and what it does not is not", async () => {
	const counted = new Uint32Array(1);
	const nothing = await bytesOf(() => {
		counted[0]!++;
	});
	assert.ok(nothing < 8, `${nothing} bytes of a step that allocates nothing`);
	// 100 doubles, and the headers of an array.
	const array = await bytesOf(() => {
		kept[0] = new Array(100).fill(1.5);
	});
	assert.ok(array >= 800 && array < 1200, `${array} bytes of an array of 800`);
});

test("buffers outside the heap count, and so does what comes later", async () => {
	const buffer = await bytesOf(() => {
		kept[0] = new Uint8Array(100_000);
	});
	assert.ok(
		buffer >= 100_000 && buffer < 102_000,
		`${buffer} bytes of a buffer of 100,000`,
	);
	const later = await bytesOf(async () => {
		await null;
		kept[0] = new Array(100).fill(1.5);
	});
	assert.ok(later >= 800 && later < 4000, `${later} bytes after an await`);
});
