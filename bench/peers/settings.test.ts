import assert from "node:assert/strict";
import { test } from "node:test";
import { toFurnace } from "./furnace/peer.ts";
import { chooseMlserver } from "./mlserver/peer.ts";
import { choosePytriton } from "./pytriton/peer.ts";
import { layouts, PLAIN, queueLimitFor, showSettings } from "./settings.ts";

test("a model that takes batches is tried with them, wide and narrow, and without", () => {
	assert.deepEqual(
		layouts({ maxBatch: 64, cores: 2 }, 3).map(
			({ workers, threads, maxBatch, delayMs }) => [
				workers,
				threads,
				maxBatch,
				delayMs,
			],
		),
		[
			[1, 2, 64, 3],
			[2, 1, 64, 3],
			[2, 1, 1, 0],
		],
	);
});

test("a model that takes no batches is given none", () => {
	for (const maxBatch of [0, 1])
		for (const choose of [chooseMlserver, choosePytriton]) {
			const { defaults, candidates } = choose({ maxBatch, cores: 2 });
			for (const one of [defaults, ...candidates])
				assert.equal(one.maxBatch, 1);
		}
});

test("no setting is tried twice, on one core neither", () => {
	for (const cores of [1, 2, 8]) {
		const shown = layouts({ maxBatch: 8, cores }, 1).map(showSettings);
		assert.equal(new Set(shown).size, shown.length);
	}
});

test("a queue holds what is answered in half a deadline, and never less than a closed loop has in flight and on its way", () => {
	assert.equal(queueLimitFor(2000, 200, 64), 200);
	assert.equal(queueLimitFor(25, 400, 8), 10);
});

test("furnace-server keeps its own limit unless one is set", () => {
	assert.equal(toFurnace(PLAIN, 2).maxConcurrent, 100);
	assert.equal(toFurnace({ ...PLAIN, queueLimit: 7 }, 2).maxConcurrent, 7);
	assert.equal(toFurnace(PLAIN, 2).threads, 2);
});
