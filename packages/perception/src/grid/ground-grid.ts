// The grid over the ground plane that rasters, pillars and detector heads share.

/**
 * Cell (row, column) covers x from minXM + column · cellM and y from minYM + row · cellM, lower edges included;
 * planes are [rows, columns], row-major. With axes as in REP 103 a column is a distance ahead and a row a
 * distance to the left, which is how PointPillars lays out its pseudo-image.
 */
export interface GroundGrid {
	readonly minXM: number;
	readonly minYM: number;
	/** Edge of a square cell, in metres. */
	readonly cellM: number;
	readonly rows: number;
	readonly columns: number;
}

/** @throws RangeError unless the cell is larger than 0 and the counts are positive integers. */
export function assertGroundGrid(grid: GroundGrid): void {
	const { minXM, minYM, cellM, rows, columns } = grid;
	const isValid =
		Number.isFinite(minXM) &&
		Number.isFinite(minYM) &&
		cellM > 0 &&
		Number.isSafeInteger(rows) &&
		Number.isSafeInteger(columns) &&
		rows > 0 &&
		columns > 0;
	if (!isValid)
		throw new RangeError(
			`a grid of ${rows} × ${columns} cells of ${cellM} m from (${minXM}, ${minYM}): sizes must be positive and finite`,
		);
}
