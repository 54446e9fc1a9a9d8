import assert from "node:assert/strict";
import { test } from "node:test";
import { type EntryReply, ModelEntry } from "../entry.ts";
import { Reservoir } from "./reservoir.ts";

const NOBODY: EntryReply = { completed: () => {}, failed: () => {} };
const SPACING_US = 50_000;

function request(value: number, byteLength = 4): ModelEntry {
	const data = new Uint8Array(byteLength).fill(value);
	return new ModelEntry(
		1,
		{ deadlineUs: 0, priority: 0, timeoutUs: 0, receivedUs: 0, lease: null },
		"",
		[[1, byteLength], null],
		[data, null],
		NOBODY,
	);
}

function firstOctets(reservoir: Reservoir): (number | undefined)[] {
	return reservoir.samples.map(({ data }) => data[0]?.[0]);
}

test("the latest requests are kept, no more than asked for, and none soon after another", () => {
	const reservoir = new Reservoir({ sampleCount: 3, maxBytes: 1000 });
	for (let i = 0; i < 5; i++) {
		reservoir.offer(request(i), i * SPACING_US);
		reservoir.offer(request(100 + i), i * SPACING_US + SPACING_US / 2);
	}
	assert.deepEqual(firstOctets(reservoir), [2, 3, 4]);
	assert.equal(reservoir.heldBytes, 12);
});

test("their bytes are bounded: the oldest go, and what would not fit is passed over", () => {
	const reservoir = new Reservoir({ sampleCount: 10, maxBytes: 10 });
	reservoir.offer(request(1, 6), 0);
	reservoir.offer(request(2, 4), SPACING_US);
	assert.deepEqual(firstOctets(reservoir), [1, 2]);
	reservoir.offer(request(3, 11), 2 * SPACING_US);
	assert.deepEqual(firstOctets(reservoir), [1, 2]);
	reservoir.offer(request(4, 5), 2 * SPACING_US);
	assert.deepEqual(firstOctets(reservoir), [2, 4]);
	assert.equal(reservoir.heldBytes, 9);
});

test("they are copies: the request's own memory is used again", () => {
	const reservoir = new Reservoir({ sampleCount: 1, maxBytes: 10 });
	// As a slot lends it: a view on a larger buffer.
	const slot = Buffer.from([9, 7, 7, 9]);
	const entry = new ModelEntry(
		1,
		{ deadlineUs: 0, priority: 0, timeoutUs: 0, receivedUs: 0, lease: null },
		"",
		[[1, 2]],
		[slot.subarray(1, 3)],
		NOBODY,
	);
	reservoir.offer(entry, 0);
	slot.fill(0);
	const [sample] = reservoir.samples;
	assert.deepEqual(sample?.data[0], Uint8Array.of(7, 7));
	assert.deepEqual(sample?.shapes, [[1, 2]]);
});

test("a padded request is kept as it came", () => {
	const reservoir = new Reservoir({ sampleCount: 1, maxBytes: 100 });
	const entry = new ModelEntry(
		1,
		{ deadlineUs: 0, priority: 0, timeoutUs: 0, receivedUs: 0, lease: null },
		"",
		[[1, 8]],
		[new Uint8Array(5)],
		NOBODY,
		{ givenShapes: [[1, 5]], givenSizes: [5], bucketSizes: [8] },
	);
	reservoir.offer(entry, 0);
	assert.deepEqual(reservoir.samples[0]?.shapes, [[1, 5]]);
});
