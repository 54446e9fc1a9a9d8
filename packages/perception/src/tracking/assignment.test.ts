import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AssignmentSolver } from "./assignment.ts";

/** Every way there is. */
function leastCost(
	costs: readonly (readonly number[])[],
	missCost: number,
	taken: ReadonlySet<number> = new Set(),
): number {
	const [first, ...rest] = costs;
	if (first === undefined) return 0;
	let least = missCost + leastCost(rest, missCost, taken);
	for (const [column, cost] of first.entries()) {
		if (taken.has(column) || !(cost < missCost)) continue;
		const others = leastCost(rest, missCost, new Set([...taken, column]));
		least = Math.min(least, cost + others);
	}
	return least;
}

const cost = fc.oneof(
	{ weight: 8, arbitrary: fc.integer({ min: -5, max: 30 }) },
	{ weight: 1, arbitrary: fc.constant(Number.NaN) },
	{ weight: 1, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
);
const matrix = fc.tuple(fc.nat(5), fc.nat(6)).chain(([rows, columns]) =>
	fc.array(fc.array(cost, { minLength: columns, maxLength: columns }), {
		minLength: rows,
		maxLength: rows,
	}),
);

test("no other assignment is cheaper, and no pair dearer than missing", () => {
	const solver = new AssignmentSolver(5, 6);
	const columnOfRow = new Int32Array(5);
	fc.assert(
		fc.property(matrix, fc.integer({ min: 0, max: 25 }), (costs, missCost) => {
			const columns = costs[0]?.length ?? 0;
			const flat = Float64Array.from(costs.flat());
			const assigned = solver.solve(
				flat,
				costs.length,
				columns,
				missCost,
				columnOfRow,
			);
			const chosen = [...columnOfRow.subarray(0, costs.length)];
			const real = chosen.filter((column) => column >= 0);
			assert.equal(real.length, assigned);
			assert.equal(new Set(real).size, assigned);
			const total = chosen.reduce((sum, column, row) => {
				if (column === -1) return sum + missCost;
				const price = costs[row]?.[column] ?? Number.NaN;
				assert.ok(price < missCost);
				return sum + price;
			}, 0);
			assert.equal(total, leastCost(costs, missCost));
		}),
		{ seed: 141, numRuns: 1500 },
	);
});

test("greedy choices are undone along a path through every row", () => {
	// Row i likes column i best, and column i + 1 a little less; the last row has only column 0.
	const n = 60;
	const costs = new Float64Array(n * n).fill(1000);
	for (let row = 0; row < n - 1; row++) {
		costs[row * n + row] = 1;
		costs[row * n + row + 1] = 2;
	}
	costs[(n - 1) * n] = 1;
	const columnOfRow = new Int32Array(n);
	const solver = new AssignmentSolver(n, n);
	assert.equal(solver.solve(costs, n, n, 500, columnOfRow), n);
	assert.deepEqual(
		[...columnOfRow],
		Array.from({ length: n }, (_, row) => (row + 1) % n),
	);
});

test("no rows, no columns, and sizes beyond the capacity", () => {
	const solver = new AssignmentSolver(2, 2);
	const columnOfRow = new Int32Array(2).fill(7);
	assert.equal(solver.solve(new Float64Array(0), 0, 2, 9, columnOfRow), 0);
	assert.equal(solver.solve(new Float64Array(0), 2, 0, 9, columnOfRow), 0);
	assert.deepEqual([...columnOfRow], [-1, -1]);
	assert.throws(
		() => solver.solve(new Float64Array(6), 3, 2, 9, new Int32Array(3)),
		/3 × 2, but a capacity of 2 × 2/,
	);
	assert.throws(
		() => solver.solve(new Float64Array(3), 2, 2, 9, columnOfRow),
		/room for 3 and 2/,
	);
});
