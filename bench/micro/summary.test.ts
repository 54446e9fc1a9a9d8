import assert from "node:assert/strict";
import { test } from "node:test";
import type { BudgetRow } from "./budget.ts";
import { defineCase } from "./case.ts";
import type { MeasuredCase } from "./measure.ts";
import { budgetLines, caseLines } from "./summary.ts";

function measured(
	name: string,
	budget: BudgetRow | null,
	meansUs: readonly number[],
): MeasuredCase {
	return {
		case: defineCase({ name, budget, setup: () => null, run: () => null }),
		rounds: meansUs.map((meanUs) => ({
			meanUs,
			p50Us: 0,
			p99Us: 0,
			allocatedBytes: 0,
		})),
	};
}

test("the cases of a budget row add up round by round, others stay out of it", () => {
	const line = budgetLines([
		measured("codec/in", "decode + encode", [0.5, 0.7, 0.6]),
		measured("codec/out", "decode + encode", [0.3, 0.1, 0.3]),
		measured("codec/other", null, [9, 9, 9]),
	]).find(({ row }) => row === "decode + encode");
	assert.deepEqual(line?.cases, ["codec/in", "codec/out"]);
	assert.ok(Math.abs((line?.measuredUs?.median ?? 0) - 0.8) < 1e-9);
	assert.equal(line?.met, true);
});

test("a row is within its budget only by its whole interval, and unknown when nothing of it ran", () => {
	const lines = budgetLines([measured("queue", "scheduling", [1, 1.1, 1.3])]);
	assert.equal(lines.find(({ row }) => row === "scheduling")?.met, false);
	assert.equal(lines.find(({ row }) => row === "run")?.met, null);
});

test("a case is told with its row and the spread of its rounds", () => {
	const [line] = caseLines([measured("queue", "scheduling", [1, 3, 2])]);
	assert.equal(line?.budgetRow, "scheduling");
	assert.deepEqual(line?.meanUs, { median: 2, low: 1, high: 3 });
});
