import assert from "node:assert/strict";
import { test } from "node:test";
import { type DriveReport, noOutcomes } from "../../demo/drive-report.ts";
import { renderDrive } from "./render.ts";

const EMPTY: DriveReport = {
	seconds: 0,
	runInSeconds: 2,
	frames: 0,
	outcomes: noOutcomes(),
	inDeadline: 0,
	latencyMs: null,
	sensors: { lidar: { frames: 0, inDeadline: 0, latencyMs: null } },
	collisions: 0,
	silences: 0,
	pausedMs: 0,
	promises: [
		{ name: "frames in time", target: "at least 0.99", value: 0, held: false },
	],
};

test("a drive that was stopped at once is not said to have broken its promises", () => {
	assert.doesNotMatch(renderDrive(EMPTY), /held/);
});

test("a drive with frames tells which promises it held, and which it did not", () => {
	const sensors = { lidar: { frames: 9, inDeadline: 0.5, latencyMs: null } };
	const text = renderDrive({ ...EMPTY, seconds: 1, frames: 9, sensors });
	assert.match(text, /^9 frames in 1 s/);
	assert.match(text, /NOT held: frames in time: 0 \(at least 0.99\)$/m);
});
