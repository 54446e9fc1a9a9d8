import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lateReason, lateText, tooLateFromUs } from "./frame-time.ts";

test("a frame is too late from the earlier of its deadline and the end of its lifespan on, to the last bit", () => {
	const us = fc.double({ min: 0, max: 1e13, noNaN: true });
	fc.assert(
		fc.property(us, us, us, (measuredUs, budgetUs, lifespanUs) => {
			const times = { measuredUs, deadlineUs: measuredUs + budgetUs };
			const fromUs = tooLateFromUs(times, lifespanUs);
			assert.notEqual(lateReason(times, lifespanUs, fromUs), null);
			const before = fromUs - Math.max(1e-3, fromUs * 1e-12);
			assert.equal(lateReason(times, lifespanUs, before), null);
		}),
		{ seed: 11, numRuns: 500 },
	);
});

test("why it is too late is told with the numbers, the deadline first", () => {
	const times = { measuredUs: 1000, deadlineUs: 31_000 };
	assert.equal(lateReason(times, 10_000, 11_000), "lifespan-passed");
	assert.equal(
		lateText(times, 10_000, 12_500),
		"11.5 ms old, its lifespan is 10.0 ms",
	);
	assert.equal(lateReason(times, 10_000, 31_000), "deadline-passed");
	assert.equal(
		lateText(times, 10_000, 33_000),
		"its deadline passed 2.0 ms ago",
	);
	const free = { measuredUs: 0, deadlineUs: Number.POSITIVE_INFINITY };
	assert.equal(lateReason(free, Number.POSITIVE_INFINITY, 1e15), null);
});
