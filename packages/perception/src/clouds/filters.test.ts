import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dropInBox, dropNotFinite, keepInBox, keepInRange } from "./filters.ts";
import { createPoints, type Points } from "./points.ts";

type Row = readonly [x: number, y: number, z: number, intensity: number];

const coordinate = fc.oneof(
	{ weight: 9, arbitrary: fc.integer({ min: -6, max: 6 }) },
	fc.constantFrom(
		Number.NaN,
		Number.POSITIVE_INFINITY,
		Number.NEGATIVE_INFINITY,
	),
);
const rows = fc.array(
	fc.tuple(coordinate, coordinate, coordinate, coordinate),
	{ maxLength: 40 },
);

/** Times are the numbers of the rows, so that they show which row went where. */
function pointsOf(list: readonly Row[]): Points {
	const points = createPoints(list.length, { withTimes: true });
	points.count = list.length;
	points.xyzi.set(list.flat());
	for (let i = 0; i < list.length; i++) points.timesS?.fill(i, i, i + 1);
	return points;
}

function assertFilters(
	list: readonly Row[],
	filter: (points: Points) => number,
	expected: (row: Row) => boolean,
): void {
	const points = pointsOf(list);
	const { xyzi, timesS } = points;
	const kept = [...list.entries()].filter(([, row]) => expected(row));
	assert.equal(filter(points), list.length - kept.length);
	assert.equal(points.count, kept.length);
	assert.equal(points.xyzi, xyzi);
	assert.deepEqual(
		[...xyzi.subarray(0, 4 * points.count)],
		kept.flatMap(([, row]) => row),
	);
	assert.deepEqual(
		[...(timesS?.subarray(0, points.count) ?? [])],
		kept.map(([i]) => i),
	);
}

test("a range keeps what lies between two distances, both included", () => {
	fc.assert(
		fc.property(rows, fc.nat(4), fc.nat(9), (list, min, more) => {
			const max = min + more;
			assertFilters(
				list,
				(points) => keepInRange(points, min, max),
				([x, y, z]) => {
					const squared = x * x + y * y + z * z;
					return squared >= min * min && squared <= max * max;
				},
			);
		}),
		{ seed: 71, numRuns: 200 },
	);
});

test("a box keeps its inside, or its outside", () => {
	fc.assert(
		fc.property(rows, fc.nat(3), fc.nat(3), fc.nat(3), (list, dx, dy, dz) => {
			const box = {
				minXM: -1,
				maxXM: dx,
				minYM: -2,
				maxYM: dy,
				minZM: 0,
				maxZM: dz,
			};
			const isInside = ([x, y, z]: Row) =>
				x >= -1 && x <= dx && y >= -2 && y <= dy && z >= 0 && z <= dz;
			assertFilters(list, (points) => keepInBox(points, box), isInside);
			assertFilters(
				list,
				(points) => dropInBox(points, box),
				(row) => !isInside(row),
			);
		}),
		{ seed: 72, numRuns: 200 },
	);
});

test("what is not a number goes, whichever number it is", () => {
	fc.assert(
		fc.property(rows, (list) => {
			assertFilters(list, dropNotFinite, (row) =>
				row.every((value) => Number.isFinite(value)),
			);
		}),
		{ seed: 73, numRuns: 200 },
	);
});
