import assert from "node:assert/strict";
import { test } from "node:test";
import { bestOf } from "./sweep.ts";

const lap = (answersPerSecond: number, p99Ms: number) => ({
	answersPerSecond,
	p99Ms,
});

test("the baseline's best setting answers most, and of those that answer as many has the lowest p99", () => {
	assert.equal(bestOf([lap(100, 10), lap(200, 90), lap(198, 60)]), 2);
	assert.equal(bestOf([lap(100, 10), lap(200, 90), lap(190, 60)]), 1);
});
