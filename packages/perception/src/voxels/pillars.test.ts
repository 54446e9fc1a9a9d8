import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	arbitraryRows,
	cellsOf,
	GRID,
	HEIGHTS,
	pointsOf,
	type Row,
} from "../testing/grid-scene.ts";
import { Pillars } from "./pillars.ts";

const LIMITS = { maxPillars: 6, maxPointsPerPillar: 2 };

/** The paper's features, from its words. */
function decorated(points: readonly Row[], cell: number): number[] {
	const mean = (axis: 0 | 1 | 2) =>
		points.reduce((sum, point) => sum + point[axis], 0) / points.length;
	const centreX = GRID.minXM + (cell % 4) + 0.5;
	const centreY = GRID.minYM + Math.floor(cell / 4) + 0.5;
	return points.flatMap(([x, y, z, intensity]) => [
		x,
		y,
		z,
		intensity,
		x - mean(0),
		y - mean(1),
		z - mean(2),
		x - centreX,
		y - centreY,
	]);
}

test("each cell's first points stand in its pillar, with what the paper adds to them, frame after frame", () => {
	for (const features of ["raw", "decorated"] as const) {
		const pillars = new Pillars({
			grid: GRID,
			...HEIGHTS,
			...LIMITS,
			features,
		});
		const width = features === "raw" ? 4 : 9;
		assert.equal(pillars.featureCount, width);
		const into = pillars.createTensors();
		fc.assert(
			fc.property(arbitraryRows, (rows) => {
				const expected = [...cellsOf(rows)].slice(0, 6);
				assert.equal(pillars.fill(pointsOf(rows), into), expected.length);
				for (let pillar = 0; pillar < 6; pillar++) {
					const [cell, all] = expected[pillar] ?? [0, []];
					const points = all.slice(0, 2);
					assert.equal(into.pointCounts[pillar], points.length);
					assert.deepEqual(
						[...into.coordinates.subarray(4 * pillar, 4 * pillar + 4)],
						[0, 0, Math.floor(cell / 4), cell % 4],
					);
					const row = 2 * width;
					const actual = into.features.subarray(
						pillar * row,
						(pillar + 1) * row,
					);
					const values =
						features === "raw" ? points.flat() : decorated(points, cell);
					for (let i = 0; i < row; i++)
						assert.ok(Math.abs((actual[i] ?? 0) - (values[i] ?? 0)) < 1e-6);
				}
			}),
			{ seed: 111, numRuns: 300 },
		);
	}
});

test("tensors of another size are refused", () => {
	const pillars = new Pillars({ grid: GRID, ...HEIGHTS, ...LIMITS });
	const tensors = pillars.createTensors();
	const points = pointsOf([]);
	const features = new Float32Array(7);
	assert.throws(
		() => pillars.fill(points, { ...tensors, features }),
		/features has 7 elements where 108/,
	);
	const pointCounts = new Int32Array(5);
	assert.throws(
		() => pillars.fill(points, { ...tensors, pointCounts }),
		/pointCounts has 5 elements where 6/,
	);
});
