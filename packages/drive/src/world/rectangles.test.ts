import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Footprint, footprintsOverlap } from "./rectangles.ts";

const sixteenths = (min: number, max: number) =>
	fc.integer({ min: 16 * min, max: 16 * max }).map((n) => n / 16);

const footprint: fc.Arbitrary<Footprint> = fc.record({
	pose: fc.record({
		xM: sixteenths(-4, 4),
		yM: sixteenths(-4, 4),
		yawRad: sixteenths(-4, 4),
	}),
	lengthM: sixteenths(1, 5),
	widthM: sixteenths(1, 3),
});

/** Is any point of a fine grid on `a` inside `b`? */
function sharesPoint(a: Footprint, b: Footprint): boolean {
	const steps = 24;
	for (let i = 0; i <= steps; i++)
		for (let j = 0; j <= steps; j++) {
			const u = (i / steps - 0.5) * a.lengthM;
			const v = (j / steps - 0.5) * a.widthM;
			const x =
				a.pose.xM + u * Math.cos(a.pose.yawRad) - v * Math.sin(a.pose.yawRad);
			const y =
				a.pose.yM + u * Math.sin(a.pose.yawRad) + v * Math.cos(a.pose.yawRad);
			const dx = x - b.pose.xM;
			const dy = y - b.pose.yM;
			const along = Math.cos(b.pose.yawRad) * dx + Math.sin(b.pose.yawRad) * dy;
			const across =
				Math.cos(b.pose.yawRad) * dy - Math.sin(b.pose.yawRad) * dx;
			if (Math.abs(along) <= b.lengthM / 2 && Math.abs(across) <= b.widthM / 2)
				return true;
		}
	return false;
}

const grown = (one: Footprint, byM: number): Footprint => ({
	...one,
	lengthM: one.lengthM + byM,
	widthM: one.widthM + byM,
});

test("rectangles overlap exactly when they share a point", () => {
	fc.assert(
		fc.property(footprint, footprint, (a, b) => {
			const overlap = footprintsOverlap(a, b);
			assert.equal(footprintsOverlap(b, a), overlap);
			if (sharesPoint(a, b)) assert.ok(overlap);
			// The grid may miss a touch of corners, not of what is a hand larger.
			else if (overlap) assert.ok(sharesPoint(grown(a, 0.8), grown(b, 0.8)));
		}),
		{ seed: 11, numRuns: 1500 },
	);
});

test("a margin keeps them so far apart", () => {
	const a = { pose: { xM: 0, yM: 0, yawRad: 0 }, lengthM: 4, widthM: 2 };
	const b = { pose: { xM: 4.3, yM: 0, yawRad: 0 }, lengthM: 4, widthM: 2 };
	assert.equal(footprintsOverlap(a, b), false);
	assert.equal(footprintsOverlap(a, b, 0.31), true);
	assert.equal(footprintsOverlap(a, b, 0.29), false);
});
