import assert from "node:assert/strict";
import { test } from "node:test";
import { StreetTime } from "./street-time.ts";

test("a street that is drawn in time goes with the clock", () => {
	const time = new StreetTime();
	assert.equal(time.untilDue(100, 60), 40);
	assert.equal(time.untilDue(105, 200), 0, "a hiccup is made up for");
	assert.equal(time.untilDue(300, 280), 20);
	assert.equal(time.pausedMs, 0);
});

test("a street that cannot be drawn in time stands still until the clock's present", () => {
	const time = new StreetTime();
	assert.equal(time.untilDue(100, 1100), 0);
	assert.equal(time.pausedMs, 1000);
	assert.equal(time.untilDue(105, 1101), 4, "and goes on from there");
	// However slow it is, no reading is later than a hiccup.
	let passedMs = 1101;
	for (let dueMs = 110; dueMs < 2000; dueMs += 5) {
		passedMs += 30;
		time.untilDue(dueMs, passedMs);
		assert.ok(dueMs + time.pausedMs >= passedMs - 250);
	}
});
