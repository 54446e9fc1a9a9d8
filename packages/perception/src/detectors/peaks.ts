// Peaks of a heat map, where a centre-point head says that objects are.

/** Larger than the neighbours before it, no less than those after it. */
export function isPeak(
	map: Float32Array,
	first: number,
	cell: number,
	rows: number,
	columns: number,
): boolean {
	const value = map[first + cell]!;
	const column = cell % columns;
	const row = (cell - column) / columns;
	const top = Math.max(row - 1, 0);
	const bottom = Math.min(row + 1, rows - 1);
	const left = Math.max(column - 1, 0);
	const right = Math.min(column + 1, columns - 1);
	for (let y = top; y <= bottom; y++)
		for (let x = left; x <= right; x++) {
			const neighbour = y * columns + x;
			const other = map[first + neighbour]!;
			if (other > value || (other === value && neighbour < cell)) return false;
		}
	return true;
}
