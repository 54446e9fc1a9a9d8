import assert from "node:assert/strict";
import { test } from "node:test";
import { furnaceCandidates, showFurnace } from "./settings.ts";

test("the model's largest batch, half of it and none are tried, wide and narrow", () => {
	const candidates = furnaceCandidates(64, 2);
	assert.deepEqual(
		[...new Set(candidates.map(({ maxBatch }) => maxBatch))],
		[64, 32, 1],
	);
	assert.deepEqual(
		candidates
			.filter(({ maxBatch }) => maxBatch === 64)
			.map(({ threads, workers }) => [threads, workers]),
		[
			[2, 1],
			[1, 2],
			[1, 1],
		],
	);
});

test("a model that takes no batches is given none", () => {
	for (const none of [0, 1])
		assert.ok(furnaceCandidates(none, 2).every((one) => one.maxBatch === 1));
});

test("no setting is tried twice", () => {
	for (const cores of [1, 2, 8]) {
		const shown = furnaceCandidates(64, cores).map(showFurnace);
		assert.equal(new Set(shown).size, shown.length);
	}
});
