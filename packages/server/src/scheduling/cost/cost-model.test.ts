import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CostModel } from "./cost-model.ts";

/** 1 ms and 100 µs a row. */
const linearUs = (rows: number) => 1000 + 100 * rows;

function calibrated(maxRows: number, ...sizes: number[]): CostModel {
	const cost = new CostModel(maxRows);
	for (const rows of sizes) cost.observe(rows, linearUs(rows), 0);
	cost.endCalibration();
	return cost;
}

describe("prediction", () => {
	test("is that of the warm-up from the first request on, without its slow first runs", () => {
		const cost = new CostModel(32);
		for (const us of [90_000, 1200, 1100]) cost.observe(1, us, 0);
		cost.observe(32, 4200, 0);
		cost.endCalibration();
		assert.equal(cost.safeUs(1), 1100);
		assert.equal(cost.safeUs(32), 4200);
	});

	test("is on the line between measured sizes and in proportion beyond them", () => {
		const cost = calibrated(64, 1, 32);
		assert.equal(cost.likelyUs(16), linearUs(16));
		assert.equal(cost.likelyUs(64), 2 * linearUs(32));
	});

	test("of sizes that were not run yet is that of the version before, in proportion, until they are run", () => {
		const old = calibrated(64, 1, 2, 16, 64);
		const next = new CostModel(64);
		next.observe(1, 2 * linearUs(1), 0);
		next.observe(2, 2 * linearUs(2), 0);
		next.inherit(old);
		next.endCalibration();
		assert.equal(next.likelyUs(2), 2 * linearUs(2), "its own");
		assert.ok(Math.abs(next.likelyUs(16) - 2 * linearUs(16)) < 1e-6);
		assert.ok(Math.abs(next.safeUs(64) - 2 * linearUs(64)) < 1e-6);
		assert.equal(next.efficientRows, old.efficientRows);
		next.observe(16, 900, 5_000_000);
		assert.ok(next.likelyUs(16) <= 2 * linearUs(2));
	});

	test("of a version that follows one of which nothing is known, or has not run itself, is its own", () => {
		const next = calibrated(8, 1);
		next.inherit(new CostModel(8));
		assert.equal(next.likelyUs(8), 8 * linearUs(1));
		const idle = new CostModel(8);
		idle.inherit(calibrated(8, 1, 8));
		assert.equal(idle.safeUs(8), 0);
	});

	test("knows nothing before the first run", () => {
		assert.equal(new CostModel(8).safeUs(4), 0);
	});

	test("stays where it was after a stall of three runs, and follows a model that became ten times slower", () => {
		const cost = calibrated(1, 1);
		for (let i = 0; i < 32; i++) cost.observe(1, 1000, i);
		for (let i = 0; i < 3; i++) cost.observe(1, 500_000, 40 + i);
		assert.equal(cost.safeUs(1), 1000);
		for (let i = 0; i < 4; i++) cost.observe(1, 10_000, 50 + i);
		assert.ok(cost.safeUs(1) >= 10_000);
		for (let i = 0; i < 32; i++) cost.observe(1, 10_000, 60 + i);
		assert.equal(cost.likelyUs(1), 10_000);
	});

	test("of a size after one outlier is no more than its rows take in smaller batches", () => {
		const cost = calibrated(32, 1);
		cost.observe(2, 60_000, 0);
		assert.equal(cost.safeUs(2), 2 * linearUs(1));
		assert.equal(cost.safeUs(32), 32 * linearUs(1));
	});

	test("of a size that no run confirmed for a second is doubted while smaller ones run", () => {
		const cost = calibrated(32, 1);
		for (let i = 0; i < 8; i++) cost.observe(32, 60_000, i);
		assert.equal(cost.safeUs(32), 60_000);
		cost.observe(1, linearUs(1), 1_500_000);
		assert.equal(cost.safeUs(32), 32 * linearUs(1));
	});

	test("of the largest size survives one outlier of a smaller one", () => {
		const cost = calibrated(32, 1, 32);
		for (let i = 0; i < 8; i++) cost.observe(32, linearUs(32), i);
		cost.observe(8, 60_000, 9);
		assert.equal(cost.safeUs(32), 8 * linearUs(1));
		for (let i = 0; i < 4; i++) cost.observe(8, linearUs(8), 10 + i);
		assert.equal(cost.safeUs(32), linearUs(32));
	});

	test("of other sizes agrees with what was measured last", () => {
		const cost = calibrated(32, 1, 32);
		for (let i = 0; i < 8; i++) cost.observe(8, 50_000, i);
		assert.ok(cost.likelyUs(32) >= 50_000, "32 rows take no less than 8");
		for (let i = 0; i < 32; i++) cost.observe(8, 500, 10 + i);
		assert.ok(cost.likelyUs(1) <= 500, "one row takes no more than 8");
	});

	test("that is doubted is replaced by one run that takes less, and by none that takes as long", () => {
		const cost = calibrated(1, 1);
		for (let i = 0; i < 32; i++) cost.observe(1, 80_000, i);
		cost.doubt();
		cost.observe(1, 900, 300_000);
		assert.equal(cost.safeUs(1), 900);
		assert.equal(cost.isDoubted, false);
		for (let i = 0; i < 32; i++) cost.observe(1, 80_000, 400_000 + i);
		cost.doubt();
		cost.observe(1, 90_000, 700_000);
		assert.equal(cost.safeUs(1), 80_000);
	});

	test("is replaced by the first run after a silence", () => {
		const cost = calibrated(1, 1);
		for (let i = 0; i < 32; i++) cost.observe(1, 800_000, i);
		assert.equal(cost.idleUs(2_000_000), 2_000_000 - 31);
		cost.observe(1, 900, 2_000_000);
		assert.equal(cost.safeUs(1), 900);
	});

	test("after a silence takes more than one slow run to rise", () => {
		const cost = calibrated(1, 1);
		for (let i = 0; i < 8; i++) cost.observe(1, 1000, i);
		cost.observe(1, 90_000, 5_000_000);
		assert.equal(cost.safeUs(1), 1000);
		for (let i = 0; i < 3; i++) cost.observe(1, 90_000, 8_000_000 + i);
		assert.equal(cost.safeUs(1), 90_000);
	});

	test("of a run that was stopped counts only when it lasted longer than predicted", () => {
		const cost = calibrated(1, 1);
		cost.observeStopped(1, 10, 5);
		assert.equal(cost.safeUs(1), linearUs(1));
		for (let i = 0; i < 2; i++) cost.observeStopped(1, 90_000, 6 + i);
		assert.equal(cost.safeUs(1), 90_000);
	});

	test("never falls as rows grow", () => {
		const anyRun = fc.record({
			rows: fc.integer({ min: 1, max: 64 }),
			us: fc.integer({ min: 1, max: 10_000 }),
		});
		fc.assert(
			fc.property(fc.array(anyRun, { minLength: 1, maxLength: 40 }), (runs) => {
				const cost = new CostModel(64);
				cost.endCalibration();
				for (const [at, { rows, us }] of runs.entries())
					cost.observe(rows, us, at);
				for (let rows = 1; rows < 64; rows++)
					assert.ok(cost.likelyUs(rows) <= cost.likelyUs(rows + 1) + 1e-6);
			}),
		);
	});
});

describe("the efficient size", () => {
	test("is the largest while larger batches pay", () => {
		assert.equal(calibrated(32, 1, 8, 32).efficientRows, 32);
	});

	test("is the smallest from which rows get no cheaper", () => {
		const cost = new CostModel(32);
		for (const rows of [1, 4, 32]) cost.observe(rows, 200 * rows, 0);
		assert.equal(cost.efficientRows, 1);
		cost.observe(1, 200, 1);
		cost.endCalibration();
		for (let i = 0; i < 32; i++) cost.observe(1, 300, 2 + i);
		assert.equal(cost.efficientRows, 4);
	});
});
