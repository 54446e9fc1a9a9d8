import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CostModel } from "./cost/cost-model.ts";
import { DeadlinePolicy } from "./policies/deadline-policy.ts";
import { NO_QUEUE_POLICY } from "./queue/queue-policy.ts";
import { setUp } from "./testing/scheduler-harness.ts";
import { TestEntry } from "./testing/test-entry.ts";

const RUN_US = 1000;
const GUARD_US = 500;

function withDeadlines(given: Parameters<typeof setUp>[0] = {}) {
	const cost = new CostModel(4);
	for (const rows of [1, 4]) cost.observe(rows, RUN_US, 0);
	cost.endCalibration();
	return setUp({
		policyOf: (rules) => new DeadlinePolicy<TestEntry>({ rules, cost }),
		...given,
	});
}

describe("before its bytes are there", () => {
	test("a request that cannot finish is refused, with the numbers, and one that can may come", () => {
		const { scheduler, clock } = withDeadlines();
		clock.advance(100);
		const nowUs = clock.nowUs();
		assert.equal(scheduler.foresee(nowUs + RUN_US + GUARD_US), null);
		const refusal = scheduler.foresee(nowUs + RUN_US);
		assert.equal(refusal?.because, "cannot-finish");
		assert.equal(refusal.detail.predictedUs, RUN_US);
		assert.equal(refusal.detail.leftUs, RUN_US);
	});

	test("what runs and what waits counts as it would on arrival", () => {
		const { scheduler, tick } = withDeadlines();
		scheduler.submit(new TestEntry("runs"));
		tick();
		for (let i = 0; i < 8; i++)
			scheduler.submit(new TestEntry("waits", { deadlineUs: 10 * RUN_US }));
		const needsUs = 4 * RUN_US + GUARD_US;
		assert.equal(scheduler.foresee(10 * RUN_US + needsUs), null);
		assert.equal(scheduler.foresee(RUN_US)?.because, "cannot-finish");
	});

	test("those who may come count as if they were there, in the order of their deadlines", () => {
		const { scheduler, clock, log } = withDeadlines();
		const leftUs = 2 * RUN_US + GUARD_US;
		const promised: number[] = [];
		for (let i = 0; i < 100; i++) {
			const deadlineUs = leftUs + i / 1000;
			if (scheduler.foresee(deadlineUs) === null) promised.push(deadlineUs);
		}
		// Two batches of four can be in time.
		assert.equal(promised.length, 8);
		assert.equal(
			scheduler.foresee(RUN_US + GUARD_US),
			null,
			"an earlier deadline is served before them",
		);
		clock.advance(RUN_US / 2);
		for (const deadlineUs of promised.slice(0, 4))
			scheduler.submit(new TestEntry("came", { deadlineUs }));
		assert.deepEqual(log, ["run came came came came (full)"]);
	});

	test("who does not come within a tenth of a second keeps nobody else out", () => {
		const { scheduler, clock } = withDeadlines();
		const inUs = (us: number) => clock.nowUs() + us;
		let promisedCount = 0;
		while (scheduler.foresee(inUs(50_000)) === null) promisedCount++;
		assert.ok(promisedCount > 100, String(promisedCount));
		clock.advance(100_001);
		assert.equal(scheduler.foresee(inUs(50_000)), null);
	});

	test("it is told nothing that only its priority could decide", () => {
		const { scheduler } = withDeadlines({
			levels: [NO_QUEUE_POLICY, NO_QUEUE_POLICY],
		});
		assert.equal(scheduler.foresee(1), null);
	});

	test("a full queue and a drain are told", async () => {
		const { scheduler, tick, finish } = withDeadlines({
			levels: [{ ...NO_QUEUE_POLICY, maxQueueCount: 1 }],
		});
		scheduler.submit(new TestEntry("runs"));
		tick();
		scheduler.submit(new TestEntry("waits"));
		const late = Number.POSITIVE_INFINITY;
		assert.equal(scheduler.foresee(late)?.because, "queue-full");
		const drained = scheduler.drain();
		assert.equal(scheduler.foresee(late)?.because, "shutting-down");
		finish();
		finish();
		await drained;
	});
});
