import assert from "node:assert/strict";
import { test } from "node:test";
import { VersionStatistics } from "./statistics.ts";

const STAMPS = {
	gatherStartUs: 100,
	runStartUs: 110,
	runEndUs: 150,
	splitEndUs: 153,
};

test("counts elements, runs and requests apart, and charges each request its batch's time", () => {
	const statistics = new VersionStatistics();
	statistics.batchFinished(3, 5, STAMPS);
	for (let i = 0; i < 3; i++) statistics.succeeded(20, 80);
	assert.equal(statistics.executionCount, 1);
	assert.equal(statistics.inferenceCount, 5);
	assert.deepEqual(statistics.success, { count: 3, us: 240 });
	assert.deepEqual(statistics.queue, { count: 3, us: 60 });
	assert.deepEqual(statistics.computeInput, { count: 3, us: 30 });
	assert.deepEqual(statistics.computeInfer, { count: 3, us: 120 });
	assert.deepEqual(statistics.computeOutput, { count: 3, us: 9 });
});

test("a failure has its time and counts for nothing else", () => {
	const statistics = new VersionStatistics();
	statistics.failed(7);
	assert.deepEqual(statistics.fail, { count: 1, us: 7 });
	assert.equal(statistics.success.count + statistics.executionCount, 0);
	assert.equal(statistics.lastInferenceMs, 0);
});

test("batch sizes are listed ascending, each run counted once", () => {
	const statistics = new VersionStatistics();
	for (const rows of [8, 1, 8]) statistics.batchFinished(rows, rows, STAMPS);
	const listed = statistics
		.batches()
		.map(({ batchSize, computeInfer }) => [batchSize, computeInfer]);
	assert.deepEqual(listed, [
		[1, { count: 1, us: 40 }],
		[8, { count: 2, us: 80 }],
	]);
});
