import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../../common/manual-clock.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { CostModel } from "../../scheduling/cost/cost-model.ts";
import { ModelEntry } from "../entry.ts";
import { Outcomes } from "./outcomes.ts";

const DETAIL = {
	queuedCount: 3,
	limitCount: 3,
	waitedUs: 400,
	predictedUs: 0,
	leftUs: 0,
};
const STAMPS = {
	device: "cpu",
	lane: 0,
	gatherStartUs: 500,
	runStartUs: 600,
	runEndUs: 900,
	splitEndUs: 1000,
};

/** Everything that is told, in its order. */
function setUp() {
	const log: string[] = [];
	const outcomes = new Outcomes(new ManualClock(1000));
	outcomes.observers.listener = {
		batchFinished: (requests, rows) =>
			log.push(`batch of ${requests} requests, ${rows} rows`),
		inputsPadded: () => {},
		runLost: () => {},
		requestFinished: (outcome, queueUs, totalUs, because) =>
			log.push(
				`counted ${outcome} ${because ?? "-"} after ${queueUs}/${totalUs}`,
			),
	};
	outcomes.observers.tracer = {
		batchFinished: (_batch, { predictedUs }) =>
			log.push(`explained, ${predictedUs} µs were expected`),
		requestEnded: (_entry, { code }) => log.push(`explained ${code}`),
		turnedAway: ({ code }) => log.push(`explained ${code}`),
	};
	const entryOf = (name: string) => {
		const entry = new ModelEntry(
			1,
			{
				deadlineUs: Number.POSITIVE_INFINITY,
				priority: 0,
				timeoutUs: 0,
				receivedUs: 100,
				lease: { release: () => log.push(`${name}: released`) },
			},
			"",
			[],
			[],
			{
				completed: () => {},
				failed: (_entry, { code }) => log.push(`${name} hears ${code}`),
			},
		);
		entry.enqueuedUs = 200;
		entry.startedUs = 500;
		return entry;
	};
	const { statistics } = outcomes;
	return { outcomes, log, entryOf, statistics };
}

const failure = new SaccadeError("EXECUTION_FAILED", "the run failed");

describe("a request that ends without an answer is counted and explained once, before its caller hears of it", () => {
	test("when it is refused, with its bytes free", () => {
		const { outcomes, log, entryOf, statistics } = setUp();
		outcomes.refused(entryOf("a"), "queue-full", DETAIL);
		assert.deepEqual(log, [
			"a: released",
			"counted SHED queue-full after 400/900",
			"explained QUEUE_FULL",
			"a hears QUEUE_FULL",
		]);
		assert.deepEqual(statistics.fail, { count: 1, us: 900 });
	});

	test("when its run was lost", () => {
		const { outcomes, log, entryOf } = setUp();
		const entry = entryOf("a");
		outcomes.failed(entry, failure);
		assert.equal(entry.state, "done");
		assert.deepEqual(log, [
			"a: released",
			"counted FAILED - after 300/900",
			"explained EXECUTION_FAILED",
			"a hears EXECUTION_FAILED",
		]);
	});

	test("when its run goes on without it: its bytes stay until then, and its batch counts it no more", () => {
		const { outcomes, log, entryOf, statistics } = setUp();
		const [left, stays] = [entryOf("left"), entryOf("stays")];
		outcomes.endedEarly(left, new SaccadeError("CANCELLED", "it left"));
		outcomes.batchFinished(
			[left, stays],
			2,
			"full",
			STAMPS,
			null,
			new CostModel(8),
		);
		assert.deepEqual(log, [
			"counted CANCELLED - after 300/900",
			"explained CANCELLED",
			"left hears CANCELLED",
			"explained, 0 µs were expected",
			"counted RESULT - after 300/900",
			"batch of 2 requests, 2 rows",
		]);
		assert.deepEqual([statistics.success.count, statistics.fail.count], [1, 1]);
	});

	test("when it was turned away; who turned it away answers it", () => {
		const { outcomes, log } = setUp();
		outcomes.turnedAway(failure, 600, null);
		assert.deepEqual(log, [
			"counted FAILED - after 0/400",
			"explained EXECUTION_FAILED",
		]);
	});
});

test("a batch that failed counts each of its requests as failed, and no run", () => {
	const { outcomes, log, entryOf, statistics } = setUp();
	const batch = [entryOf("a"), entryOf("b")];
	const times = new CostModel(8);
	times.observe(2, 250, 0);
	outcomes.batchFinished(batch, 2, "full", STAMPS, failure, times);
	assert.deepEqual(log, [
		"explained, 250 µs were expected",
		"counted FAILED - after 300/900",
		"counted FAILED - after 300/900",
		"batch of 2 requests, 2 rows",
	]);
	assert.equal(statistics.fail.count, 2);
	assert.equal(statistics.executionCount, 0);
});

test("statistics begin anew with service", () => {
	const { outcomes, entryOf } = setUp();
	outcomes.failed(entryOf("a"), failure);
	outcomes.beginService();
	assert.equal(outcomes.statistics.fail.count, 0);
});
