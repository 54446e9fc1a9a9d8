// The cheapest one-to-one assignment of rows to columns, by shortest augmenting paths with dual prices: O(n²·(n + m)).
// Jonker and Volgenant 1987, https://doi.org/10.1007/BF02278710, without their start heuristics; for a row that is
// better left alone there is always a spare column at the price of missing.

const NONE = -1;

/** Scratch for one size; `solve` allocates nothing. */
export class AssignmentSolver {
	readonly #maxRows: number;
	readonly #maxColumns: number;
	readonly #rowPrices: Float64Array;
	readonly #columnPrices: Float64Array;
	/** Least reduced cost at which the search has seen each column. */
	readonly #distances: Float64Array;
	/** Column before it on the path there. */
	readonly #previous: Int32Array;
	readonly #isReached: Uint8Array;
	readonly #rowOfColumn: Int32Array;

	constructor(maxRows: number, maxColumns: number) {
		this.#maxRows = maxRows;
		this.#maxColumns = maxColumns;
		// Behind the real columns a spare one for each row, then the root of the search.
		const columns = maxColumns + maxRows + 1;
		this.#rowPrices = new Float64Array(maxRows);
		this.#columnPrices = new Float64Array(columns);
		this.#distances = new Float64Array(columns);
		this.#previous = new Int32Array(columns);
		this.#isReached = new Uint8Array(columns);
		this.#rowOfColumn = new Int32Array(columns);
	}

	/**
	 * Fills `columnOfRow` so that the sum of the costs of assigned rows, and of `missCost` for each row that is not
	 * (-1), is least. A pair that costs `missCost` or more, or NaN, is never made.
	 * @param costs row-major, [rows, columns]
	 * @returns how many rows are assigned
	 * @throws RangeError when the size exceeds the capacity or an array is too short.
	 */
	solve(
		costs: Float64Array,
		rows: number,
		columns: number,
		missCost: number,
		columnOfRow: Int32Array,
	): number {
		this.#assertSizes(costs, rows, columns, columnOfRow);
		const root = columns + rows;
		this.#rowPrices.fill(0, 0, rows);
		this.#columnPrices.fill(0, 0, root + 1);
		this.#rowOfColumn.fill(NONE, 0, root + 1);
		for (let row = 0; row < rows; row++) {
			this.#rowOfColumn[root] = row;
			const free = this.#search(costs, columns, root, missCost);
			this.#augment(free, root);
		}
		let assigned = 0;
		for (let column = 0; column < root; column++) {
			const row = this.#rowOfColumn[column]!;
			if (row === NONE) continue;
			const isReal = column < columns;
			columnOfRow[row] = isReal ? column : NONE;
			if (isReal) assigned++;
		}
		return assigned;
	}

	/** The nearest free column from the root, with the prices moved on so that the path there costs nothing. */
	#search(
		costs: Float64Array,
		columns: number,
		root: number,
		missCost: number,
	): number {
		const rowPrices = this.#rowPrices;
		const columnPrices = this.#columnPrices;
		const distances = this.#distances.fill(Number.POSITIVE_INFINITY, 0, root);
		const isReached = this.#isReached.fill(0, 0, root + 1);
		const rowOfColumn = this.#rowOfColumn;
		let at = root;
		while (rowOfColumn[at] !== NONE) {
			isReached[at] = 1;
			const row = rowOfColumn[at]!;
			let next = NONE;
			let nearest = Number.POSITIVE_INFINITY;
			for (let column = 0; column < root; column++) {
				if (isReached[column] === 1) continue;
				const cost =
					column < columns ? costs[row * columns + column]! : missCost;
				if (cost < missCost || column >= columns) {
					const reduced = cost - rowPrices[row]! - columnPrices[column]!;
					if (reduced < distances[column]!) {
						distances[column] = reduced;
						this.#previous[column] = at;
					}
				}
				if (distances[column]! < nearest) {
					nearest = distances[column]!;
					next = column;
				}
			}
			for (let column = 0; column <= root; column++)
				if (isReached[column] === 1) {
					const owner = rowOfColumn[column]!;
					rowPrices[owner] = rowPrices[owner]! + nearest;
					columnPrices[column] = columnPrices[column]! - nearest;
				} else distances[column] = distances[column]! - nearest;
			at = next;
		}
		return at;
	}

	/** Moves every row on the path one column on, which frees the root. */
	#augment(free: number, root: number): void {
		let at = free;
		while (at !== root) {
			const before = this.#previous[at]!;
			this.#rowOfColumn[at] = this.#rowOfColumn[before]!;
			at = before;
		}
		this.#rowOfColumn[root] = NONE;
	}

	#assertSizes(
		costs: Float64Array,
		rows: number,
		columns: number,
		columnOfRow: Int32Array,
	): void {
		if (rows > this.#maxRows || columns > this.#maxColumns)
			throw new RangeError(
				`an assignment of ${rows} × ${columns}, but a capacity of ${this.#maxRows} × ${this.#maxColumns}`,
			);
		if (costs.length < rows * columns || columnOfRow.length < rows)
			throw new RangeError(
				`${rows} × ${columns} costs and ${rows} answers, but room for ${costs.length} and ${columnOfRow.length}`,
			);
	}
}
