import assert from "node:assert/strict";
import { test } from "node:test";
import { LocalByteBudget, SharedByteBudget } from "./byte-budget.ts";

for (const [name, create] of [
	["a budget", (limit: number) => new LocalByteBudget(limit)],
	["a shared budget", (limit: number) => new SharedByteBudget(limit)],
] as const)
	test(`${name} is taken to its limit and no further, and given back`, () => {
		const budget = create(100);
		assert.equal(budget.take(60), true);
		assert.equal(budget.take(41), false);
		assert.equal(budget.usedBytes, 60);
		assert.equal(budget.take(40), true);
		assert.equal(budget.take(-100), true);
		assert.equal(budget.usedBytes, 0);
	});

test("whoever has the memory of a shared budget takes from the same limit", () => {
	const one = new SharedByteBudget(100);
	const other = new SharedByteBudget(100, one.memory);
	assert.equal(one.take(70), true);
	assert.equal(other.take(40), false);
	assert.equal(other.usedBytes, 70);
});
