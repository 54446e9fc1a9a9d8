// Properties of the scheduler under any order of arrivals, cancellations, expiries and ends of runs.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { NO_QUEUE_POLICY, type QueuePolicy } from "./queue/queue-policy.ts";
import { setUp } from "./testing/scheduler-harness.ts";
import { TestEntry } from "./testing/test-entry.ts";

const anyStep = fc.oneof(
	fc.record({
		do: fc.constant("submit" as const),
		rows: fc.integer({ min: 1, max: 3 }),
		deadlineUs: fc.option(fc.integer({ min: 1, max: 400 })),
		priority: fc.integer({ min: 0, max: 2 }),
		shape: fc.constantFrom("a", "b"),
	}),
	fc.record({ do: fc.constant("cancel" as const), index: fc.nat(60) }),
	fc.record({
		do: fc.constant("advance" as const),
		us: fc.integer({ min: 1, max: 120 }),
	}),
	fc.record({ do: fc.constant("tick" as const) }),
	fc.record({ do: fc.constant("finish" as const) }),
);

type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

interface Facts {
	readonly entries: TestEntry[];
	/** Refused, in order. */
	readonly refused: TestEntry[];
	/** Left the queue for a run, in order. */
	readonly started: TestEntry[];
	readonly finished: TestEntry[];
}

interface World {
	readonly levels: readonly QueuePolicy[];
	readonly laneCount: number;
	readonly maxDelayUs?: number;
	readonly preserveOrdering?: boolean;
}

const MAX_ROWS = 4;

/** Plays the steps, then lets everything end; `check` is called after each. */
function play(
	steps: readonly Step[],
	world: World,
	check: (facts: Facts, running: number, queued: number) => void,
): Facts {
	const facts: Facts = { entries: [], refused: [], started: [], finished: [] };
	const { entries, refused, started, finished } = facts;
	const { levels, laneCount, maxDelayUs = 0 } = world;
	const lanes: { batch: readonly TestEntry[]; release: () => void }[] = [];
	const { scheduler, clock, tick } = setUp(
		{
			rules: { maxRows: MAX_ROWS, preferredRows: [2], maxDelayUs },
			levels,
			defaultLevel: levels.length,
			preserveOrdering: world.preserveOrdering ?? false,
			events: { refused: (entry) => refused.push(entry) },
			executor: {
				laneCount,
				run: (batch, _because, lane, release) => {
					started.push(...batch);
					lanes.push({ batch, release: () => release(lane) });
					assertSound(batch);
					assert.ok(lanes.length <= laneCount);
				},
			},
		},
		laneCount,
	);
	const finish = () => {
		// The youngest first: runs end in any order.
		const lane = lanes.pop();
		if (lane === undefined) return;
		for (const entry of lane.batch) entry.state = "done";
		finished.push(...lane.batch);
		lane.release();
	};
	const checkNow = () =>
		check(
			facts,
			lanes.flatMap(({ batch }) => batch).length,
			scheduler.stats().queuedCount,
		);
	for (const step of steps) {
		switch (step.do) {
			case "submit": {
				const entry = new TestEntry(String(entries.length), {
					rows: step.rows,
					priority: step.priority,
					shapeKey: step.shape,
					deadlineUs:
						step.deadlineUs === null
							? Number.POSITIVE_INFINITY
							: clock.nowUs() + step.deadlineUs,
				});
				entries.push(entry);
				scheduler.submit(entry);
				break;
			}
			case "cancel": {
				const entry = entries[step.index];
				const wasQueued = entry?.state === "queued";
				if (entry !== undefined)
					assert.equal(scheduler.cancel(entry), wasQueued);
				break;
			}
			case "advance":
				clock.advance(step.us);
				break;
			case "tick":
				tick();
				break;
			case "finish":
				finish();
		}
		checkNow();
	}
	for (let guard = 0; guard < 500; guard++) {
		if (scheduler.stats().queuedCount === 0 && lanes.length === 0) break;
		tick();
		clock.advance(100);
		finish();
		checkNow();
	}
	assert.equal(scheduler.stats().queuedCount, 0, "everything ends");
	scheduler.close();
	assert.equal(clock.pendingCount, 0, "no timer stays");
	return facts;
}

/** Never over the limit, and of one shape. */
function assertSound(batch: readonly TestEntry[]): void {
	const rows = batch.reduce((sum, entry) => sum + entry.rows, 0);
	assert.ok(rows <= MAX_ROWS, `${rows} rows`);
	assert.equal(new Set(batch.map(({ shapeKey }) => shapeKey)).size, 1);
}

const steps = fc.array(anyStep, { maxLength: 120 });
const lanes = fc.integer({ min: 1, max: 3 });
const RUNS = { seed: 5, numRuns: 500 };

describe("whatever happens, in any order", () => {
	test("received = refused + run + waiting, at every instant, and each ends once", () => {
		const levels = [
			NO_QUEUE_POLICY,
			{ ...NO_QUEUE_POLICY, maxQueueCount: 6, defaultTimeoutUs: 90 },
		];
		fc.assert(
			fc.property(
				steps,
				lanes,
				fc.constantFrom(0, 50),
				(given, laneCount, maxDelayUs) => {
					const facts = play(
						given,
						{ levels, laneCount, maxDelayUs },
						({ entries, refused, finished }, running, queued) =>
							assert.equal(
								entries.length,
								refused.length + finished.length + running + queued,
							),
					);
					const ended = [...facts.refused, ...facts.finished];
					assert.equal(new Set(ended).size, ended.length, "one end each");
					assert.equal(ended.length, facts.entries.length);
				},
			),
			RUNS,
		);
	});

	test("those of one priority level start in the order of arrival", () => {
		const levels = [NO_QUEUE_POLICY, NO_QUEUE_POLICY];
		fc.assert(
			fc.property(steps, lanes, (given, laneCount) => {
				const { started } = play(given, { levels, laneCount }, () => {});
				for (const level of [1, 2])
					assertAscending(
						started.filter(({ priority }) => (priority || 2) === level),
					);
			}),
			RUNS,
		);
	});

	test("a batch takes the highest level that waits first", () => {
		const levels = [NO_QUEUE_POLICY, NO_QUEUE_POLICY];
		fc.assert(
			fc.property(steps, lanes, (given, laneCount) => {
				let before = 0;
				play(given, { levels, laneCount }, ({ started, entries }) => {
					if (started.length > before && started[before]?.priority !== 1) {
						const waiting = entries.filter(({ state }) => state === "queued");
						assert.ok(!waiting.some(({ priority }) => priority === 1));
					}
					before = started.length;
				});
			}),
			RUNS,
		);
	});

	test("with the order preserved, answers leave in the order of arrival", () => {
		fc.assert(
			fc.property(steps, lanes, (given, laneCount) => {
				const world = {
					levels: [NO_QUEUE_POLICY],
					laneCount,
					preserveOrdering: true,
				};
				assertAscending(play(given, world, () => {}).finished);
			}),
			RUNS,
		);
	});

	test("what is delayed runs, behind the others of its level", () => {
		const levels: QueuePolicy[] = [
			{ ...NO_QUEUE_POLICY, timeoutAction: "delay", defaultTimeoutUs: 90 },
		];
		fc.assert(
			fc.property(steps, lanes, (given, laneCount) => {
				const { entries, finished } = play(
					given
						.map((step) =>
							step.do === "submit" ? { ...step, deadlineUs: null } : step,
						)
						.filter((step) => step.do !== "cancel"),
					{ levels, laneCount },
					() => {},
				);
				assert.equal(finished.length, entries.length, "nothing is refused");
			}),
			RUNS,
		);
	});
});

function assertAscending(entries: readonly TestEntry[]): void {
	const order = entries.map(({ name }) => Number(name));
	assert.deepEqual(
		order,
		order.toSorted((a, b) => a - b),
	);
}
