import assert from "node:assert/strict";
import { test } from "node:test";
import type { Interval } from "../lib/stats.ts";
import { judge, type Measures, showVerdict, type Target } from "./targets.ts";

const at = (low: number, high: number): Interval => ({
	median: (low + high) / 2,
	low,
	high,
});
const measures: Measures = {
	perSecond: at(900, 1100),
	p99Ms: at(8, 11),
	ratios: new Map([["furnace", at(1.9, 2.3)]]),
};
const met = (target: Target) => judge(target, measures).met;

test("a lower bound is met when the low end of the interval meets it, not when the median does", () => {
	assert.equal(met({ kind: "rate", atLeast: 900 }), true);
	assert.equal(met({ kind: "rate", atLeast: 950 }), false);
	assert.equal(met({ kind: "ratio", to: "furnace", atLeast: 1.9 }), true);
	assert.equal(met({ kind: "ratio", to: "furnace", atLeast: 2 }), false);
});

test("an upper bound is met when the high end of the interval meets it", () => {
	assert.equal(met({ kind: "p99", atMostMs: 11 }), true);
	assert.equal(met({ kind: "p99", atMostMs: 10 }), false);
});

test("what was not measured is neither met nor missed, and shown as such", () => {
	const target: Target = { kind: "ratio", to: "echo", atLeast: 0.5 };
	const verdict = judge(target, measures);
	assert.equal(verdict.met, null);
	assert.equal(showVerdict(verdict), "≥ 0.5 × echo: not measured");
	const silent = { ...measures, p99Ms: null };
	assert.equal(judge({ kind: "p99", atMostMs: 99 }, silent).met, null);
});

test("a verdict names its target", () => {
	const rate = judge({ kind: "rate", atLeast: 100_000 }, measures);
	assert.equal(showVerdict(rate), "≥ 100,000/s: no");
	const ratio = judge(
		{ kind: "ratio", to: "furnace", atLeast: 5 / 3 },
		measures,
	);
	assert.equal(showVerdict(ratio), "≥ 1.67 × furnace: yes");
});
