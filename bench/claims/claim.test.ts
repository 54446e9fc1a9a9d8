import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compare } from "./claim.ts";

const what = { claim: "answers", unit: "/s" };
const side = (...values: number[]) => ({ settings: "as shipped", values });

describe("a row of a claim", () => {
	test("pairs its rounds: a slow round falls on both sides", () => {
		const row = compare(
			what,
			side(100, 50, 100, 25, 100),
			side(200, 100, 200, 50, 200),
			{ of: "ratio", atLeast: 2 },
		);
		assert.equal(row.ratio, 2);
		assert.deepEqual(row.interval, { low: 2, high: 2 });
		assert.equal(row.met, true);
	});

	test("is not met when only the median meets the target", () => {
		const baseline = side(100, 100, 100, 100, 100);
		const ours = side(90, 95, 130, 140, 150);
		const target = { of: "ratio", atLeast: 1.13 } as const;
		const row = compare(what, baseline, ours, target);
		assert.ok(row.ratio >= 1.13);
		assert.equal(row.met, false);
	});

	test("can be held to the value of one side alone, from below or above", () => {
		const busy = (of: "ours" | "baseline", bound: object) =>
			compare(what, side(0.95, 0.97), side(0.3, 0.4), {
				of,
				...bound,
			} as Parameters<typeof compare>[3]);
		assert.equal(busy("ours", { atMost: 0.45 }).met, true);
		assert.equal(busy("ours", { atMost: 0.35 }).met, false);
		assert.equal(busy("baseline", { atLeast: 0.9 }).met, true);
		assert.equal(busy("baseline", { atLeast: 0.96 }).met, false);
		assert.equal(busy("ours", { atMost: 0.45 }).target, "ours ≤ 0.45");
	});

	test("without a target has no verdict", () => {
		const row = compare(what, side(1), side(2), null);
		assert.equal(row.met, null);
		assert.equal(row.target, "");
	});

	test("shows CPU per request where a side has it", () => {
		const ours = { ...side(1, 2, 3), cpuUs: [10, 20, 30] };
		const row = compare(what, side(1, 2, 3), ours, null);
		assert.equal(row.oursCpuUs?.median, 20);
		assert.equal(row.baselineCpuUs, null);
	});
});
