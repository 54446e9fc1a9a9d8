import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniform } from "../testing/uniform.ts";
import { createSweepMotion } from "./deskew.ts";
import { type GyroSamples, meanTurnRate } from "./imu-rate.ts";

function samplesOf(rows: readonly (readonly number[])[]): GyroSamples {
	return {
		count: rows.length,
		timesS: Float64Array.from(rows, (row) => row[0] ?? 0),
		ratesRadps: Float64Array.from(rows.flatMap((row) => row.slice(1))),
	};
}

test("a rate that rises steadily has the rate at the middle as its mean", () => {
	fc.assert(
		fc.property(
			fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { minLength: 2 }),
			uniform(-3, 3),
			uniform(-3, 3),
			uniform(0.001, 1),
			uniform(0.001, 1),
			(stamps, slope, offset, a, b) => {
				const times = stamps.sort((x, y) => x - y).map((t) => t / 100);
				const samples = samplesOf(
					times.map((t) => [t, slope * t + offset, -slope * t, offset]),
				);
				const first = times[0] ?? 0;
				const length = (times.at(-1) ?? 0) - first;
				const fromS = first + Math.min(a, b) * length;
				const toS = first + Math.max(a, b) * length;
				fc.pre(toS > fromS);
				const motion = createSweepMotion();
				motion.velocityXMps = 5;
				const known = meanTurnRate(samples, fromS, toS, motion);
				const middle = (fromS + toS) / 2;
				const close = (actual: number, expected: number) =>
					assert.ok(Math.abs(actual - expected) < 1e-9);
				close(known, 1);
				close(motion.angularXRadps, slope * middle + offset);
				close(motion.angularYRadps, -slope * middle);
				close(motion.angularZRadps, offset);
				assert.equal(motion.velocityXMps, 5);
			},
		),
		{ seed: 201, numRuns: 300 },
	);
});

test("a step weighs as long as it lasts", () => {
	const samples = samplesOf([
		[0, 0, 0, 1],
		[0.5, 0, 0, 1],
		[0.5000001, 0, 0, 3],
		[1, 0, 0, 3],
	]);
	const motion = createSweepMotion();
	meanTurnRate(samples, 0.25, 1, motion);
	assert.ok(Math.abs(motion.angularZRadps - (0.25 + 1.5) / 0.75) < 1e-6);
	meanTurnRate(samples, 0.125, 0.375, motion);
	assert.equal(motion.angularZRadps, 1);
});

test("outside of the samples the nearest one counts, and the answer says how much is known", () => {
	const motion = createSweepMotion();
	const samples = samplesOf([
		[1, 0, 0, 2],
		[2, 0, 0, 4],
	]);
	assert.equal(meanTurnRate(samples, 1.5, 2.5, motion), 0.5);
	assert.equal(motion.angularZRadps, (3.5 + 4) / 2);
	assert.equal(meanTurnRate(samples, 5, 6, motion), 0);
	assert.equal(motion.angularZRadps, 4);
	assert.equal(meanTurnRate(samplesOf([]), 0, 1, motion), 0);
	assert.equal(motion.angularZRadps, 0);
	assert.throws(() => meanTurnRate(samples, 1, 1, motion), /from 1 to 1 s/);
});
