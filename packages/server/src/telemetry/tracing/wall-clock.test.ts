import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../common/manual-clock.ts";
import { WallClock } from "./wall-clock.ts";

test("instants keep their distances while the wall clock agrees to a few milliseconds", () => {
	const clock = new ManualClock(500);
	let wallMs = 1_700_000_000_000;
	const wall = new WallClock(clock, () => wallMs);
	const first = wall.unixUs(500);
	assert.equal(first, 1_700_000_000_000_000);
	clock.advance(10_000);
	// It shows whole milliseconds, and drifts.
	wallMs += 11;
	assert.equal(wall.unixUs(10_500) - first, 10_000);
});

test("a step of the wall clock is followed", () => {
	const clock = new ManualClock(0);
	let wallMs = 1_700_000_000_000;
	const wall = new WallClock(clock, () => wallMs);
	wallMs -= 3_600_000;
	assert.equal(wall.unixUs(0), 1_699_996_400_000_000);
});
