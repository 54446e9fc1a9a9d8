import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { randomFrom } from "../testing/simulation.ts";
import { WayTrial } from "./way-trial.ts";

const ROWS = 64;
const LONGEST_US = 60_000;

interface Paces {
	/** µs of a batch in the first and in the second way, after so many batches. */
	readonly firstUs: (batch: number) => number;
	readonly secondUs: (batch: number) => number;
	/** Before the batch, without work. */
	readonly idleUs?: (batch: number) => number;
}

/** Which way each of so many batches went: 1 or 2. */
function waysOf(
	batchCount: number,
	{ firstUs, secondUs, idleUs = () => 0 }: Paces,
): (1 | 2)[] {
	const trial = new WayTrial();
	let nowUs = 0;
	return Array.from({ length: batchCount }, (_, batch) => {
		const takesSecond = trial.takesSecond;
		nowUs += (takesSecond ? secondUs : firstUs)(batch) + idleUs(batch);
		trial.ended(ROWS, nowUs, LONGEST_US);
		return takesSecond ? 2 : 1;
	});
}

const shareOfSecond = (ways: readonly number[]) =>
	ways.filter((way) => way === 2).length / ways.length;

/** A machine of which others take a part, for up to half a second, once in one to two seconds. */
function disturbed(seed: number) {
	const random = randomFrom(seed);
	let fromUs = 1e6 * random();
	let untilUs = fromUs;
	return (nowUs: number, us: number): number => {
		if (nowUs > untilUs) {
			fromUs = untilUs + 1e6 * (1 + random());
			untilUs = fromUs + 5e5 * random();
		}
		const jitter = 0.85 + 0.3 * random();
		return us * jitter * (nowUs > fromUs ? 1.5 : 1);
	};
}

describe("of two ways", () => {
	test("the one that answers more is kept, a few batches after it could be known", () => {
		const ways = waysOf(200, {
			firstUs: () => 25_000,
			secondUs: () => 22_000,
		});
		assert.equal(ways[0], 1);
		const first = ways.indexOf(2);
		assert.ok(first <= 20, String(first));
		assert.ok(shareOfSecond(ways.slice(first)) > 0.8);
	});

	test("the one that answers more by a seventh is mostly used, whoever else uses the machine, and after a pause", () => {
		const shares = Array.from({ length: 200 }, (_, seed) => {
			const disturb = disturbed(100 + seed);
			const trial = new WayTrial();
			let nowUs = 0;
			let secondCount = 0;
			for (let batch = 0; batch < 1000; batch++) {
				if (batch % 250 === 0) nowUs += 20_000_000;
				if (trial.takesSecond) secondCount++;
				nowUs += disturb(nowUs, trial.takesSecond ? 22_000 : 25_000);
				trial.ended(ROWS, nowUs, LONGEST_US);
			}
			return secondCount / 1000;
		}).toSorted((a, b) => a - b);
		const tenth = shares[20] ?? 0;
		assert.ok(tenth > 0.85, `a tenth of all: ${tenth}`);
		const least = shares[0] ?? 0;
		assert.ok(least > 0.5, `the least: ${least}`);
	});

	test("the other one is tried less and less often while it answers no more", () => {
		const ways = waysOf(20_000, {
			firstUs: () => 22_000,
			secondUs: () => 22_000,
		});
		assert.ok(ways.includes(2));
		assert.ok(shareOfSecond(ways.slice(1000)) < 0.02);
	});

	test("the first is kept again when the second becomes slower", () => {
		const ways = waysOf(3000, {
			firstUs: () => 25_000,
			secondUs: (batch) => (batch < 500 ? 22_000 : 30_000),
		});
		assert.ok(shareOfSecond(ways.slice(100, 500)) > 0.8);
		assert.ok(shareOfSecond(ways.slice(2000)) < 0.1);
	});

	test("none is blamed for a time without work", () => {
		const ways = waysOf(2000, {
			firstUs: () => 22_000,
			secondUs: () => 22_000,
			// After every kind of batch, and in every phase.
			idleUs: (batch) => (batch % 37 === 0 ? 1_000_000 : 0),
		});
		assert.ok(shareOfSecond(ways) < 0.3, String(shareOfSecond(ways)));
	});
});

test("what does not differ now is not tried", () => {
	const trial = new WayTrial();
	let nowUs = 0;
	for (let batch = 0; batch < 1000; batch++) {
		trial.reset();
		assert.equal(trial.takesSecond, false);
		nowUs += 20_000;
		trial.ended(ROWS, nowUs, LONGEST_US);
	}
});
