import assert from "node:assert/strict";
import { test } from "node:test";
import { responseAtCpu } from "./equal-cpu.ts";

const CURVE = [
	{ cpuShare: 0.04, meanResponseMs: 1 },
	{ cpuShare: 0.02, meanResponseMs: 5 },
	{ cpuShare: 0.01, meanResponseMs: 50 },
];

test("between two pollers the response lies between theirs", () => {
	assert.ok(Math.abs(responseAtCpu(CURVE, 0.03) - 3) < 1e-9);
	assert.equal(responseAtCpu(CURVE, 0.02), 5);
});

test("beyond the curve it is that of its end", () => {
	assert.equal(responseAtCpu(CURVE, 0.1), 1);
	assert.equal(responseAtCpu(CURVE, 0.001), 50);
});
