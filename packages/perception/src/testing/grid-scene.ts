// Points on and around a small grid for property tests: on quarters, so that sums are exact.
import fc from "fast-check";
import { createPoints, type Points } from "../clouds/points.ts";

export type Row = readonly [x: number, y: number, z: number, intensity: number];

export const GRID = { minXM: -1, minYM: -2, cellM: 1, rows: 5, columns: 4 };
export const HEIGHTS = { minZM: -1, maxZM: 3 };

const quarters = (min: number, max: number) =>
	fc.integer({ min: 4 * min, max: 4 * max }).map((n) => n / 4);

/** Some lie beside the grid, above or below it, or nowhere. */
export const arbitraryRows: fc.Arbitrary<Row[]> = fc.array(
	fc.tuple(
		fc.oneof(
			{ weight: 20, arbitrary: quarters(-2, 4) },
			fc.constant(Number.NaN),
		),
		quarters(-3, 4),
		quarters(-2, 4),
		quarters(0, 8),
	),
	{ maxLength: 120, size: "max" },
);

export function pointsOf(rows: readonly Row[]): Points {
	const points = createPoints(rows.length);
	points.count = rows.length;
	points.xyzi.set(rows.flat());
	return points;
}

/** By cell, in the order in which cells are first met. */
export function cellsOf(rows: readonly Row[]): Map<number, Row[]> {
	const cells = new Map<number, Row[]>();
	for (const row of rows) {
		const [x, y, z] = row;
		const isInside = x >= -1 && x < 3 && y >= -2 && y < 3 && z >= -1 && z < 3;
		if (!isInside) continue;
		const cell = Math.floor(y + 2) * 4 + Math.floor(x + 1);
		cells.set(cell, [...(cells.get(cell) ?? []), row]);
	}
	return cells;
}
