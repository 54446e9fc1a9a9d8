import assert from "node:assert/strict";
import { test } from "node:test";
import { OUTCOMES } from "@saccade/protocol";
import type { FrameBin } from "@saccade/protocol/console";
import { lately, secondsOf } from "./frames.ts";

function bin(
	second: number,
	pipeline: string,
	results: number,
	p50: number,
): FrameBin {
	const outcomes = OUTCOMES.map((one) => (one === "RESULT" ? results : 1));
	const spread = { p1: p50 - 1, p50, p99: p50 + 1 };
	return { second, pipeline, outcomes, ageMs: spread, slackMs: spread };
}

test("seconds without frames are there, and pipelines are added up with the worse of their ages", () => {
	const bins = [bin(10, "lidar", 5, 20), bin(10, "camera", 7, 30)];
	const seconds = secondsOf(bins, "", { from: 9, to: 11 });
	assert.deepEqual(
		seconds.map(({ second, outcomes }) => [second, outcomes[0]]),
		[
			[9, 0],
			[10, 12],
			[11, 0],
		],
	);
	assert.deepEqual(seconds[1]?.ageMs, { p1: 29, p50: 30, p99: 31 });
	assert.deepEqual(seconds[1]?.slackMs, { p1: 19, p50: 20, p99: 21 });
	const one = secondsOf(bins, "lidar", { from: 10, to: 10 });
	assert.equal(one[0]?.outcomes[0], 5);
});

test("rates are of whole seconds: the one that is under way says nothing yet", () => {
	const bins = [bin(10, "a", 93, 1), bin(11, "a", 1, 1)];
	const { framesPerS, resultShare } = lately(
		secondsOf(bins, "", { from: 10, to: 11 }),
	);
	assert.deepEqual([framesPerS, resultShare], [100, 0.93]);
	assert.equal(lately([]).resultShare, null);
});
