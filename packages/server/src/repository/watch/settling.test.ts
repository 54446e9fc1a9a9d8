import assert from "node:assert/strict";
import { test } from "node:test";
import { nextStep, stirred, touched } from "./settling.ts";

const SETTLE_US = 500;

test("what changed is read ahead after half of the settle time, and settled after all of it", () => {
	const changed = stirred(null, "a", 1000);
	assert.deepEqual(nextStep(changed, 1249, SETTLE_US), {
		kind: "wait",
		untilUs: 1250,
	});
	assert.deepEqual(nextStep(changed, 1250, SETTLE_US), { kind: "read-ahead" });
	const read = { ...changed, isReadAhead: true };
	assert.deepEqual(nextStep(read, 1250, SETTLE_US), {
		kind: "wait",
		untilUs: 1500,
	});
	assert.deepEqual(nextStep(read, 1500, SETTLE_US), { kind: "settled" });
});

test("another signature begins anew, the same one does not", () => {
	const changed = { ...stirred(null, "a", 1000), isReadAhead: true };
	assert.equal(stirred(changed, "a", 1400), changed);
	assert.deepEqual(stirred(changed, "b", 1400), {
		signature: "b",
		sinceUs: 1400,
		isReadAhead: false,
	});
});

test("an event begins anew though nothing shows: a write may be too small for the clock of the files", () => {
	const changed = { ...stirred(null, "a", 1000), isReadAhead: true };
	assert.deepEqual(nextStep(touched(changed, 1499), 1500, SETTLE_US), {
		kind: "wait",
		untilUs: 1499 + SETTLE_US / 2,
	});
});

test("a settle time of nothing settles at once", () => {
	assert.deepEqual(nextStep(stirred(null, "a", 7), 7, 0), { kind: "settled" });
});
