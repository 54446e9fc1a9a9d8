import assert from "node:assert/strict";
import { test } from "node:test";
import { LaneForecast } from "./lane-forecast.ts";

test("batches start on the lanes that are free first, in turn", () => {
	const lanes = new LaneForecast(2);
	lanes.start(300, 1);
	lanes.start(100, 1);
	assert.deepEqual(
		[0, 1, 2, 3].map((index) => lanes.startUs(index, 1000, 50)),
		[100, 300, 1100, 1300],
	);
});

test("an idle lane starts now, and a run that ended leaves its lane idle", () => {
	const lanes = new LaneForecast(1);
	assert.equal(lanes.startUs(0, 10, 5), 5);
	const lane = lanes.start(100, 3);
	assert.equal(lanes.idleCount, 0);
	assert.equal(lanes.runningRows, 3);
	lanes.finish(lane);
	assert.equal(lanes.runningRows, 0);
	assert.equal(lanes.idleCount, 1);
	assert.equal(lanes.startUs(0, 10, 7), 7);
});

test("a run that is late is expected to last as long again", () => {
	const lanes = new LaneForecast(1);
	lanes.start(100, 1);
	assert.equal(lanes.startUs(0, 10, 100), 100);
	assert.equal(lanes.startUs(0, 10, 400), 700);
});
