import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NO_QUEUE_POLICY } from "./queue/queue-policy.ts";
import { setUp } from "./testing/scheduler-harness.ts";
import { TestEntry } from "./testing/test-entry.ts";

describe("batches", () => {
	test("what arrives in one tick runs together, up to the limit", () => {
		const { scheduler, tick, finish, log } = setUp();
		for (const name of ["a", "b", "c"]) scheduler.submit(new TestEntry(name));
		assert.deepEqual(log, []);
		tick();
		for (const name of ["d", "e", "f", "g", "h"])
			scheduler.submit(new TestEntry(name));
		finish();
		finish();
		assert.deepEqual(log, [
			"run a b c (idle-device)",
			"run d e f g (full)",
			"run h (idle-device)",
		]);
	});

	test("a full batch does not wait for the end of the tick", () => {
		const { scheduler, log } = setUp();
		for (const name of ["a", "b", "c", "d"])
			scheduler.submit(new TestEntry(name));
		assert.deepEqual(log, ["run a b c d (full)"]);
	});

	test("rows count, not requests, and a request is never split", () => {
		const { scheduler, tick, finish, log } = setUp();
		scheduler.submit(new TestEntry("a", { rows: 3 }));
		scheduler.submit(new TestEntry("b", { rows: 2 }));
		tick();
		finish();
		assert.deepEqual(log, ["run a (full)", "run b (idle-device)"]);
	});

	test("unlike shapes do not share a batch", () => {
		const { scheduler, tick, finish, log } = setUp();
		for (const [name, shapeKey] of [
			["a", "1"],
			["b", "1"],
			["c", "2"],
		] as const)
			scheduler.submit(new TestEntry(name, { shapeKey }));
		tick();
		finish();
		assert.deepEqual(log, ["run a b (shape-change)", "run c (idle-device)"]);
	});

	test("the delay counts from the oldest entry, and a preferred size ends it", () => {
		const rules = { maxRows: 8, preferredRows: [3, 8], maxDelayUs: 1000 };
		const { scheduler, tick, finish, clock, log } = setUp({ rules });
		scheduler.submit(new TestEntry("a"));
		tick();
		clock.advance(600);
		scheduler.submit(new TestEntry("b"));
		tick();
		clock.advance(399);
		tick();
		assert.deepEqual(log, []);
		clock.advance(1);
		finish();
		for (const name of ["c", "d", "e"]) scheduler.submit(new TestEntry(name));
		tick();
		assert.deepEqual(log, ["run a b (delay)", "run c d e (preferred-size)"]);
	});

	test("without batching each request runs alone, whatever its rows", () => {
		const rules = { maxRows: 1, preferredRows: [], maxDelayUs: 0 };
		const { scheduler, tick, log } = setUp({ rules }, 2);
		scheduler.submit(new TestEntry("a", { rows: 5 }));
		scheduler.submit(new TestEntry("b"));
		scheduler.submit(new TestEntry("c"));
		tick();
		assert.deepEqual(log, ["run a (unbatched)", "run b (unbatched)"]);
	});

	test("preserving order keeps one batch under way", () => {
		const { scheduler, tick, log } = setUp({ preserveOrdering: true }, 3);
		for (let i = 0; i < 8; i++) scheduler.submit(new TestEntry(String(i)));
		tick();
		assert.deepEqual(log, ["run 0 1 2 3 (full)"]);
	});

	test("a higher priority is served first, order holds within a level, and 0 means the default", () => {
		const { scheduler, tick, finish, log } = setUp({
			levels: [NO_QUEUE_POLICY, NO_QUEUE_POLICY],
			defaultLevel: 2,
			rules: { maxRows: 2, preferredRows: [], maxDelayUs: 0 },
		});
		scheduler.submit(new TestEntry("busy"));
		tick();
		for (const [name, priority] of [
			["low", 0],
			["first", 1],
			["lower", 2],
			["second", 1],
		] as const)
			scheduler.submit(new TestEntry(name, { priority }));
		finish();
		finish();
		assert.deepEqual(log, [
			"run busy (idle-device)",
			"run first second (full)",
			"run low lower (full)",
		]);
	});
});

describe("refusals", () => {
	test("expiry is told at its instant while the only lane is busy", () => {
		const { scheduler, tick, clock, log } = setUp();
		scheduler.submit(new TestEntry("busy"));
		tick();
		scheduler.submit(new TestEntry("late", { deadlineUs: 500 }));
		clock.advance(499);
		assert.deepEqual(log, ["run busy (idle-device)"]);
		clock.advance(1);
		assert.deepEqual(log, ["run busy (idle-device)", "refuse late (expired)"]);
	});

	test("a deadline that has passed, and a full queue, are refused on arrival", () => {
		const { scheduler, tick, clock, log } = setUp({
			levels: [{ ...NO_QUEUE_POLICY, maxQueueCount: 1 }],
		});
		clock.advance(10);
		scheduler.submit(new TestEntry("past", { deadlineUs: 10 }));
		scheduler.submit(new TestEntry("waits"));
		scheduler.submit(new TestEntry("over"));
		tick();
		assert.deepEqual(log, [
			"refuse past (expired)",
			"refuse over (queue-full)",
			"run waits (idle-device)",
		]);
	});

	test("a time-out of the queue rejects, or puts the entry behind the others", () => {
		const policy = { ...NO_QUEUE_POLICY, defaultTimeoutUs: 100 };
		const rejecting = setUp({ levels: [policy] });
		rejecting.scheduler.submit(new TestEntry("busy"));
		rejecting.tick();
		rejecting.scheduler.submit(new TestEntry("slow"));
		rejecting.clock.advance(100);
		assert.deepEqual(rejecting.log, [
			"run busy (idle-device)",
			"refuse slow (queue-timeout)",
		]);

		const rules = { maxRows: 2, preferredRows: [], maxDelayUs: 0 };
		const delaying = setUp({
			levels: [{ ...policy, timeoutAction: "delay" }],
			rules,
		});
		delaying.scheduler.submit(new TestEntry("busy"));
		delaying.tick();
		delaying.scheduler.submit(new TestEntry("slow"));
		delaying.clock.advance(100);
		for (const name of ["b", "c"])
			delaying.scheduler.submit(new TestEntry(name));
		delaying.finish();
		delaying.finish();
		assert.deepEqual(delaying.log, [
			"run busy (idle-device)",
			"run b c (full)",
			"run slow (idle-device)",
		]);
	});

	test("a request's own time-out counts only where it may and where it shortens", () => {
		for (const [allow, own, at] of [
			[true, 40, 40],
			[true, 400, 100],
			[false, 40, 100],
		] as const) {
			const levels = [
				{
					...NO_QUEUE_POLICY,
					defaultTimeoutUs: 100,
					allowTimeoutOverride: allow,
				},
			];
			const { scheduler, tick, clock, log } = setUp({ levels });
			scheduler.submit(new TestEntry("busy"));
			tick();
			scheduler.submit(new TestEntry("x", { timeoutUs: own }));
			clock.advance(at - 1);
			assert.equal(log.length, 1);
			clock.advance(1);
			assert.equal(log[1], "refuse x (queue-timeout)");
		}
	});

	test("close refuses what waits, and no timer stays", () => {
		const { scheduler, tick, clock, log } = setUp({
			rules: { maxRows: 4, preferredRows: [], maxDelayUs: 1000 },
		});
		scheduler.submit(new TestEntry("a", { deadlineUs: 5000 }));
		tick();
		scheduler.close();
		assert.deepEqual(log, ["refuse a (shutting-down)"]);
		assert.equal(clock.pendingCount, 0);
	});

	test("drain waits for the queue and for what runs", async () => {
		const { scheduler, tick, finish, log } = setUp();
		scheduler.submit(new TestEntry("a"));
		const drained = scheduler.drain().then(() => log.push("drained"));
		scheduler.submit(new TestEntry("b"));
		tick();
		await Promise.resolve();
		finish();
		await drained;
		assert.deepEqual(log, [
			"run a (idle-device)",
			"refuse b (shutting-down)",
			"drained",
		]);
	});

	test("a drain does not wait for a batch to fill", async () => {
		const { scheduler, tick, finish, log, clock } = setUp({
			rules: { maxRows: 4, preferredRows: [4], maxDelayUs: 60e6 },
		});
		scheduler.submit(new TestEntry("a"));
		tick();
		assert.deepEqual(log, []);
		const drained = scheduler.drain();
		assert.deepEqual(log, ["run a (drain)"]);
		finish();
		await drained;
		assert.equal(clock.pendingCount, 0);
	});

	test("100,000 queued and all cancelled leave nothing", () => {
		const { scheduler, tick, finish } = setUp();
		scheduler.submit(new TestEntry("busy"));
		tick();
		const entries = Array.from(
			{ length: 100_000 },
			(_, i) => new TestEntry(String(i), { deadlineUs: 1e9 + (i % 7) }),
		);
		for (const entry of entries) scheduler.submit(entry);
		for (const entry of entries) assert.ok(scheduler.cancel(entry));
		finish();
		assert.deepEqual(scheduler.stats(), {
			queuedCount: 0,
			queuedRows: 0,
			runningBatches: 0,
			oldestWaitUs: 0,
		});
	});
});
