import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createPoints } from "../clouds/points.ts";
import { VoxelGrid } from "./voxel-grid.ts";

// Quarters, so that sums of a few are exact.
const quarter = fc.integer({ min: -40, max: 40 }).map((n) => n / 4);
const row = fc.tuple(quarter, quarter, quarter, quarter);

function thinned(rows: readonly (readonly number[])[], voxelM: number) {
	const voxels = new Map<string, number[][]>();
	for (const point of rows) {
		const key = point
			.slice(0, 3)
			.map((v) => Math.floor(v / voxelM))
			.join();
		voxels.set(key, [...(voxels.get(key) ?? []), [...point]]);
	}
	return [...voxels.values()].map((points) =>
		[0, 1, 2, 3].map((axis) =>
			Math.fround(
				points.reduce((sum, point) => sum + (point[axis] ?? 0), 0) /
					points.length,
			),
		),
	);
}

test("each voxel becomes the mean of its points, in the order of their first one, frame after frame", () => {
	const grid = new VoxelGrid({ voxelM: 2, capacity: 60 });
	fc.assert(
		fc.property(
			fc.array(row, { maxLength: 60, size: "max" }),
			fc.boolean(),
			(rows, inPlace) => {
				const points = createPoints(60);
				points.count = rows.length;
				points.xyzi.set(rows.flat());
				const into = inPlace ? points : createPoints(60);
				const expected = thinned(rows, 2);
				assert.equal(grid.thin(points, into), rows.length - expected.length);
				assert.equal(into.count, expected.length);
				assert.deepEqual(
					[...into.xyzi.subarray(0, 4 * into.count)],
					expected.flat(),
				);
			},
		),
		{ seed: 101, numRuns: 300 },
	);
});

test("a full table of voxels far apart still tells them all", () => {
	const capacity = 5000;
	const grid = new VoxelGrid({ voxelM: 0.5, capacity });
	const points = createPoints(capacity, { withTimes: true });
	points.count = capacity;
	for (let i = 0; i < capacity; i++) {
		points.xyzi.set([(i % 71) - 35, Math.floor(i / 71) - 35, i % 3, i], 4 * i);
		points.timesS?.fill(i, i, i + 1);
	}
	const into = createPoints(capacity, { withTimes: true });
	assert.equal(grid.thin(points, into), 0);
	assert.deepEqual(into, points);
});

test("too many points, too little room and voxels without size are refused", () => {
	const points = createPoints(3);
	points.count = 3;
	const grid = (capacity: number) => new VoxelGrid({ voxelM: 1, capacity });
	assert.throws(
		() => grid(2).thin(points, points),
		/3 points, but a capacity of 2/,
	);
	assert.throws(() => grid(3).thin(points, createPoints(2)), {
		code: "no-room",
		actual: 2,
		expected: 3,
	});
	assert.throws(() => new VoxelGrid({ voxelM: 0, capacity: 1 }), /0 m/);
	assert.throws(() => grid(0), /capacity of 0/);
});
