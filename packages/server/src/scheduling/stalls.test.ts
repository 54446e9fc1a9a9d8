// A device that stalls, or becomes ten times slower and fast again, at twice its capacity: what is believed of it
// follows within a bounded time, and goodput returns. On a simulated device and a clock that jumps between events.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../common/manual-clock.ts";
import { BatchScheduler } from "./batch-scheduler.ts";
import { CostModel } from "./cost/cost-model.ts";
import { DeadlinePolicy } from "./policies/deadline-policy.ts";
import { NO_QUEUE_POLICY } from "./queue/queue-policy.ts";
import { TestEntry } from "./testing/test-entry.ts";

const MAX_ROWS = 16;
const runUs = (rows: number) => 21_771 + 2029 * rows;
const BEST_RUN_US = runUs(MAX_ROWS);
const CAPACITY_PER_S = (MAX_ROWS / BEST_RUN_US) * 1e6;
const SECOND_US = 1_000_000;

interface Simulation {
	readonly seconds: number;
	/** Of each request. */
	readonly deadlineUs: number;
	/** How many times longer than usual a run takes that starts now. */
	readonly slowness: (nowUs: number) => number;
}

/** Answers in time by the second in which they came, over those that the usual device could give. */
function goodputBySecond(simulation: Simulation): number[] {
	const { seconds, deadlineUs, slowness } = simulation;
	const clock = new ManualClock();
	const inTime = new Array<number>(seconds).fill(0);
	const cost = new CostModel(MAX_ROWS);
	for (const rows of [1, MAX_ROWS]) cost.observe(rows, runUs(rows), 0);
	cost.endCalibration();
	const rules = { maxRows: MAX_ROWS, preferredRows: [], maxDelayUs: 0 };
	const scheduler = new BatchScheduler<TestEntry>({
		clock,
		executor: {
			laneCount: 1,
			run: (batch, _why, lane, release) => {
				const tookUs = runUs(batch.length) * slowness(clock.nowUs());
				clock.at(clock.nowUs() + tookUs, () => {
					const second = Math.floor(clock.nowUs() / SECOND_US);
					for (const entry of batch) {
						entry.state = "done";
						if (clock.nowUs() <= entry.deadlineUs && second < seconds)
							inTime[second]!++;
					}
					cost.observe(batch.length, tookUs, clock.nowUs());
					release(lane);
				});
			},
		},
		events: { refused: () => {} },
		policy: new DeadlinePolicy({ rules, cost }),
		maxRows: MAX_ROWS,
		levels: [NO_QUEUE_POLICY],
		defer: (callback) => clock.at(clock.nowUs(), callback),
	});
	const gapUs = 1e6 / (2 * CAPACITY_PER_S);
	while (clock.nowUs() < seconds * SECOND_US) {
		clock.advance(gapUs);
		const atUs = clock.nowUs() + deadlineUs;
		// As a transport does it: told by the head, submitted with the body.
		if (scheduler.foresee(atUs) !== null) continue;
		scheduler.submit(new TestEntry("", { deadlineUs: atUs }));
	}
	return inTime.map((count) => count / CAPACITY_PER_S);
}

const during =
	(fromS: number, toS: number, factor: number) => (nowUs: number) =>
		nowUs >= fromS * SECOND_US && nowUs < toS * SECOND_US ? factor : 1;

describe("goodput", () => {
	test("is back within a second after a stall that one run lived through", () => {
		let isOver = false;
		const bySecond = goodputBySecond({
			seconds: 8,
			deadlineUs: 4 * BEST_RUN_US,
			slowness: (nowUs) => {
				if (isOver || nowUs < 2 * SECOND_US) return 1;
				isOver = true;
				return (2 * SECOND_US) / BEST_RUN_US;
			},
		});
		assert.ok(bySecond[1]! >= 0.9, String(bySecond));
		assert.ok(bySecond[3]! < 0.1, "nothing is answered meanwhile");
		for (const share of bySecond.slice(5))
			assert.ok(share >= 0.9, String(bySecond));
	});

	test("is back within a second after a time in which no run could be in time", () => {
		const bySecond = goodputBySecond({
			seconds: 10,
			deadlineUs: 4 * BEST_RUN_US,
			slowness: during(2, 6, 10),
		});
		for (const share of bySecond.slice(3, 6))
			assert.ok(share < 0.1, String(bySecond));
		for (const share of bySecond.slice(8))
			assert.ok(share >= 0.9, String(bySecond));
	});

	test("of a model that became ten times slower is that of the slower model, two seconds later", () => {
		const bySecond = goodputBySecond({
			seconds: 30,
			deadlineUs: 40 * BEST_RUN_US,
			slowness: during(6, 30, 10),
		});
		const share = (from: number, to: number) =>
			bySecond.slice(from, to).reduce((a, b) => a + b, 0) / (to - from);
		assert.ok(share(2, 6) >= 0.9, String(bySecond));
		assert.ok(share(10, 30) >= 0.09, String(bySecond));
	});
});
