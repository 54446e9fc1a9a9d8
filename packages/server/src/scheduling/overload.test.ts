// What the deadline policy is for, on a simulated device with a committed latency curve and a clock that jumps from
// event to event: goodput under overload, nothing late, nobody forgotten.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../common/manual-clock.ts";
import { BatchScheduler } from "./batch-scheduler.ts";
import { CostModel } from "./cost/cost-model.ts";
import { DeadlinePolicy } from "./policies/deadline-policy.ts";
import { TritonPolicy } from "./policies/triton-policy.ts";
import { NO_QUEUE_POLICY } from "./queue/queue-policy.ts";
import { TestEntry } from "./testing/test-entry.ts";

const MAX_ROWS = 16;
/** 23.8 ms for one row, 38 ms for eight. */
const runUs = (rows: number) => 21_771 + 2029 * rows;
const DEADLINE_US = 4 * runUs(MAX_ROWS);
const CAPACITY_PER_S = (MAX_ROWS / runUs(MAX_ROWS)) * 1e6;
const SECONDS = 20;

interface Outcomes {
	inTime: number;
	late: number;
	refused: number;
	expired: number;
	readonly startedLate: number;
}

/** A run takes what the curve says, up to a tenth longer, and once in 20 runs half as long again. */
function unsteady(random: () => number): number {
	return random() < 0.05 ? 1.5 : 1 + 0.1 * random();
}
const UNSTEADY_MEAN = 0.05 * 1.5 + 0.95 * 1.05;

/**
 * Poisson arrivals at `load` times the capacity, from a seed; every request has the same time.
 * @param stretch of a run, beyond the curve
 */
function simulate(
	policyName: "deadline" | "triton",
	load: number,
	stretch: (random: () => number) => number = () => 1,
): Outcomes {
	const clock = new ManualClock();
	let seed = 42;
	const random = () => {
		seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
		return (seed + 0.5) / 2 ** 32;
	};
	const rules = { maxRows: MAX_ROWS, preferredRows: [], maxDelayUs: 0 };
	const cost = new CostModel(MAX_ROWS);
	for (const rows of [1, MAX_ROWS]) cost.observe(rows, runUs(rows), 0);
	cost.endCalibration();
	const outcomes = {
		inTime: 0,
		late: 0,
		refused: 0,
		expired: 0,
		startedLate: 0,
	};
	const scheduler = new BatchScheduler<TestEntry>({
		clock,
		executor: {
			laneCount: 1,
			run: (batch, _why, lane, release) => {
				const startUs = clock.nowUs();
				const tookUs = runUs(batch.length) * stretch(random);
				for (const { deadlineUs } of batch)
					if (startUs + tookUs > deadlineUs) outcomes.startedLate++;
				clock.at(startUs + tookUs, () => {
					for (const entry of batch) {
						entry.state = "done";
						if (clock.nowUs() <= entry.deadlineUs) outcomes.inTime++;
						else outcomes.late++;
					}
					cost.observe(batch.length, tookUs, clock.nowUs());
					release(lane);
				});
			},
		},
		events: {
			refused: (_entry, because) => {
				if (because === "cannot-finish") outcomes.refused++;
				else outcomes.expired++;
			},
		},
		policy:
			policyName === "deadline"
				? new DeadlinePolicy({ rules, cost })
				: new TritonPolicy(rules),
		maxRows: MAX_ROWS,
		levels: [NO_QUEUE_POLICY],
		defer: (callback) => clock.at(clock.nowUs(), callback),
	});
	let submitted = 0;
	const meanGapUs = 1e6 / (CAPACITY_PER_S * load);
	const endUs = SECONDS * 1e6;
	for (;;) {
		const gapUs = -Math.log(random()) * meanGapUs;
		if (clock.nowUs() + gapUs > endUs) break;
		clock.advance(gapUs);
		submitted++;
		const deadlineUs = clock.nowUs() + DEADLINE_US;
		scheduler.submit(new TestEntry("", { deadlineUs }));
		const { inTime, late, refused, expired } = outcomes;
		const { queuedCount } = scheduler.stats();
		const running = submitted - inTime - late - refused - expired - queuedCount;
		assert.ok(running >= 0 && running <= MAX_ROWS, "none lost, none twice");
	}
	clock.advance(2 * DEADLINE_US);
	const { inTime, late, refused, expired } = outcomes;
	assert.equal(inTime + late + refused + expired, submitted);
	return outcomes;
}

const goodput = ({ inTime }: Outcomes) => inTime / SECONDS / CAPACITY_PER_S;

describe("goodput under the deadline policy", () => {
	for (const [load, atLeast] of [
		[1.5, 0.95],
		[2, 0.95],
		[3, 0.95],
		[10, 0.9],
	] as const)
		test(`at ${load} times the capacity is at least ${atLeast} of it`, () => {
			const outcomes = simulate("deadline", load);
			assert.ok(goodput(outcomes) >= atLeast, JSON.stringify(outcomes));
			assert.equal(outcomes.startedLate, 0);
		});

	for (const load of [1.2, 1.5, 2, 3, 10])
		test(`at ${load} times the capacity of an unsteady device stays close to it`, () => {
			const outcomes = simulate("deadline", load, unsteady);
			assert.ok(
				goodput(outcomes) >= 0.95 / UNSTEADY_MEAN,
				JSON.stringify(outcomes),
			);
		});

	test("below the capacity nobody is refused, and none is late", () => {
		const { refused, expired, late } = simulate("deadline", 0.7);
		assert.deepEqual(
			{ refused, expired, late },
			{ refused: 0, expired: 0, late: 0 },
		);
	});

	test("is what first come, first served loses", () => {
		assert.ok(goodput(simulate("triton", 2)) < 0.2);
	});
});
