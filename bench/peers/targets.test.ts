import assert from "node:assert/strict";
import { test } from "node:test";
import type { Interval } from "../lib/stats.ts";
import { judgePeers } from "./targets.ts";

const exactly = (value: number): Interval => ({
	median: value,
	low: value,
	high: value,
});
const met = (
	dominatedBy: "wire" | "compute",
	overBest: number,
	ofPlain: number,
	p99: number,
) =>
	judgePeers(dominatedBy, {
		overBest: exactly(overBest),
		ofPlain: exactly(ofPlain),
		p99OverBest: exactly(p99),
	}).map((verdict) => verdict.met);

test("where the wire dominates we are held to 1.2 times the best peer", () => {
	assert.deepEqual(met("wire", 1.2, 0.1, 1), [true, true]);
	assert.deepEqual(met("wire", 1.19, 0.99, 1.01), [false, false]);
});

test("where the model's work dominates we are held to 0.97 of the plain loop", () => {
	assert.deepEqual(met("compute", 0.5, 0.97, 1), [true, true]);
	assert.deepEqual(met("compute", 2, 0.96, 1), [false, true]);
});

test("the whole interval must meet a target, not its median", () => {
	const wide = { median: 2, low: 1.1, high: 3 };
	const [rate, p99] = judgePeers("wire", {
		overBest: wide,
		ofPlain: wide,
		p99OverBest: { median: 0.5, low: 0.4, high: 1.1 },
	});
	assert.equal(rate?.met, false);
	assert.equal(p99?.met, false);
});

test("without peers nothing is said of them", () => {
	const verdicts = judgePeers("wire", {
		overBest: null,
		p99OverBest: null,
		ofPlain: exactly(1),
	});
	assert.deepEqual(
		verdicts.map((verdict) => verdict.met),
		[null, null],
	);
});
