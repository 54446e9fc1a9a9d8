import assert from "node:assert/strict";
import { test } from "node:test";
import type { DriveEntry } from "@saccade/protocol/console";
import { budgetParts } from "./budget-parts.ts";

const entry = (more: Partial<DriveEntry>): DriveEntry => ({
	stream: "s1",
	device: "lidar",
	pipeline: "lidar",
	payload: "cloud",
	outcome: "RESULT",
	reason: null,
	detail: "",
	sequence: 1,
	measuredUs: 0,
	receivedUs: 1000,
	startedUs: 1500,
	finishedUs: 10_000,
	deadlineUs: 100_000,
	stages: [
		{ name: "encode", beginUs: 1500, endUs: 4000 },
		{ name: "model", beginUs: 4000, endUs: 9000 },
	],
	decision: null,
	tracks: null,
	classNames: [],
	rateHz: 10,
	...more,
});

const named = (one: DriveEntry) =>
	budgetParts(one).map(({ label, us }) => [label, us]);

test("the parts of the time add up to all of it, what is between stages included", () => {
	assert.deepEqual(named(entry({})), [
		["on the way", 1000],
		["waiting", 500],
		["encode", 2500],
		["model", 5000],
		["between", 1000],
	]);
});

test("a frame that never started was on its way, and waited", () => {
	assert.deepEqual(named(entry({ startedUs: null, stages: [] })), [
		["on the way", 1000],
		["waiting", 9000],
	]);
});
