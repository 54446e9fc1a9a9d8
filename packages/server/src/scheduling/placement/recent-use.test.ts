import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentUse } from "./recent-use.ts";

const SECOND_US = 1_000_000;

for (const runUs of [2000, 50_000])
	test(`runs of ${runUs / 1000} ms that take three tenths of the time are that much use of one thread, and half of it of two`, () => {
		for (const threadCount of [1, 2]) {
			const use = new RecentUse(threadCount);
			let sum = 0;
			let count = 0;
			for (let atUs = 0; atUs < 6 * SECOND_US; atUs += runUs / 0.3) {
				use.add(runUs, atUs);
				if (atUs < 3 * SECOND_US) continue;
				sum += use.of(atUs + runUs / 0.6);
				count++;
			}
			const mean = sum / count;
			assert.ok(Math.abs(mean - 0.3 / threadCount) < 0.01, String(mean));
		}
	});

test("what was used is forgotten within a few seconds, and what a run did not take was not used", () => {
	const use = new RecentUse(1);
	use.add(200_000, 0);
	assert.equal(use.of(0), 0.4);
	use.correct(-150_000);
	assert.ok(Math.abs(use.of(0) - 0.1) < 1e-9);
	assert.ok(use.of(3 * SECOND_US) < 0.001);
	use.correct(-SECOND_US);
	assert.equal(use.of(0), 0);
});
