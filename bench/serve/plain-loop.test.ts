import assert from "node:assert/strict";
import { test } from "node:test";
import { plainCandidates } from "./plain-loop.ts";

const batches = (kind: "best-batch" | "batch-1", maxBatch: number) => [
	...new Set(plainCandidates(kind, maxBatch, 2).map(({ batch }) => batch)),
];

test("the sweep ends at the model's largest batch, whatever that is", () => {
	assert.deepEqual(batches("best-batch", 64), [1, 8, 32, 64]);
	assert.deepEqual(batches("best-batch", 32), [1, 8, 32]);
	assert.deepEqual(batches("best-batch", 4), [1, 4]);
});

test("a loop of batch 1 still chooses between narrow lanes and one wide run", () => {
	assert.deepEqual(plainCandidates("batch-1", 64, 2), [
		{ batch: 1, threads: 1, lanes: 2 },
		{ batch: 1, threads: 1, lanes: 4 },
		{ batch: 1, threads: 2, lanes: 1 },
	]);
});
