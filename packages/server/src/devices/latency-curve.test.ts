import assert from "node:assert/strict";
import { test } from "node:test";
import { createLatencyCurve } from "./latency-curve.ts";

test("a curve goes through its points, straight between and beyond them", () => {
	const curve = createLatencyCurve({ 1: 10, 3: 20, 8: 30 });
	assert.deepEqual(
		[1, 2, 3, 8, 13].map((rows) => curve.serviceUs(rows)),
		[10_000, 15_000, 20_000, 30_000, 40_000],
	);
	assert.equal(createLatencyCurve({ 4: 5 }).serviceUs(64), 5000);
	assert.equal(createLatencyCurve({ 2: 5, 4: 7 }).serviceUs(1), 4000);
});

test("curves without points, sizes or times are refused", () => {
	for (const curve of [{}, { 0: 1 }, { 1: 0 }, { 1: Number.NaN }, { x: 1 }])
		assert.throws(() => createLatencyCurve(curve), RangeError);
});
