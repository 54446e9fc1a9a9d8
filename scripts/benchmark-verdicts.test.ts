import assert from "node:assert/strict";
import { test } from "node:test";
import { verdictsOf } from "./benchmark-verdicts.ts";

const SPREAD = { median: 2, low: 1, high: 3 };

test("a claim shows what its target speaks of: the ratio, ours or the baseline", () => {
	const row = {
		claim: "answers",
		baseline: { median: 10, low: 9, high: 11 },
		ours: { median: 20, low: 18, high: 22 },
		ratio: 2,
		interval: { low: 1.5, high: 2.5 },
		met: true,
	};
	const targets = ["ratio ≥ 1.5", "ours ≥ 18", "baseline ≥ 9"];
	const rows = targets.map((target) => ({ ...row, target }));
	assert.deepEqual(
		verdictsOf("claims-x", { rows }).map(({ measured }) => measured),
		["2 [1.5, 2.5]", "20.0 [18.0, 22.0]", "10.0 [9.0, 11.0]"],
	);
});

test("the targets of a workload are judged one by one, under its name", () => {
	const workloads = [
		{
			id: "mlp",
			targets: [
				{ target: "≥ 2 × furnace", measured: SPREAD, met: false },
				{ target: "p99 ≤ 2 ms", measured: null, met: null },
			],
		},
	];
	assert.deepEqual(verdictsOf("serve", { workloads }), [
		{
			result: "serve",
			what: "mlp",
			target: "≥ 2 × furnace",
			measured: "2.000 [1.000, 3.000]",
			met: false,
		},
	]);
});

test("a budget is a target, and rows without one are not judged", () => {
	const budget = [{ row: "wire", budgetUs: 2, measuredUs: SPREAD, met: true }];
	const cases = [{ name: "wire/unary", meanUs: SPREAD }];
	const [verdict, ...more] = verdictsOf("micro", { budget, cases });
	assert.equal(verdict?.target, "≤ 2 µs");
	assert.equal(verdict?.what, "wire");
	assert.deepEqual(more, []);
});

test("a limit is held against the whole interval, and so is the least ratio", () => {
	const rows = [
		{ id: "delay", measured: SPREAD, unit: "ms", limit: 2 },
		{ id: "hold", measured: SPREAD, unit: "ms", limit: 3 },
		{ id: "beside", measured: SPREAD, unit: "ms", limit: null },
		{ name: "requests/s", ratio: SPREAD, target: 0.95 },
		{ name: "answers/s", ratio: SPREAD, target: 1.5 },
	];
	assert.deepEqual(
		verdictsOf("x", { rows }).map(({ what, target, met }) => [
			what,
			target,
			met,
		]),
		[
			["delay", "≤ 2 ms", false],
			["hold", "≤ 3 ms", true],
			["requests/s", "ratio ≥ 0.95", true],
			["answers/s", "ratio ≥ 1.5", false],
		],
	);
});
