// A scheduler under the deadline policy on simulated lanes: every run takes what a curve says, on a clock that jumps
// from event to event.
import { ManualClock } from "../../common/manual-clock.ts";
import { BatchScheduler } from "../batch-scheduler.ts";
import { CostModel } from "../cost/cost-model.ts";
import type { DeviceShare } from "../placement/device-arbiter.ts";
import type { Placement } from "../placement/placement.ts";
import { DeadlinePolicy } from "../policies/deadline-policy.ts";
import type { SchedulingPolicy } from "../policy.ts";
import { NO_QUEUE_POLICY } from "../queue/queue-policy.ts";
import type { TestEntry } from "./test-entry.ts";

export interface SimulationOptions {
	readonly maxRows: number;
	readonly laneCount?: number;
	/** By device, where there are several. @default one, of `laneCount` lanes */
	readonly deviceLanes?: readonly number[];
	readonly placement?: Placement<TestEntry>;
	readonly runUs: (rows: number) => number;
	/** Around the deadline policy. */
	readonly wrap?: (
		policy: SchedulingPolicy<TestEntry>,
	) => SchedulingPolicy<TestEntry>;
	/** Of several models. @default a new one */
	readonly clock?: ManualClock;
	readonly share?: (wake: () => void) => DeviceShare;
	/** Every entry of a batch, when it was answered. */
	readonly answered?: (entry: TestEntry) => void;
	readonly refused?: (entry: TestEntry) => void;
}

export function simulate({
	maxRows,
	laneCount = 1,
	deviceLanes = [laneCount],
	placement,
	runUs,
	wrap = (policy) => policy,
	clock = new ManualClock(),
	share,
	answered = () => {},
	refused = () => {},
}: SimulationOptions) {
	const rules = { maxRows, preferredRows: [], maxDelayUs: 0 };
	const cost = new CostModel(maxRows);
	for (const rows of [1, maxRows]) cost.observe(rows, runUs(rows), 0);
	cost.endCalibration();
	const batchSizes: number[] = [];
	const scheduler = new BatchScheduler<TestEntry>({
		clock,
		executor: {
			laneCount: deviceLanes.reduce((sum, count) => sum + count),
			deviceLanes,
			run: (batch, _why, lane, release) => {
				const tookUs = runUs(batch.length);
				batchSizes.push(batch.length);
				clock.at(clock.nowUs() + tookUs, () => {
					for (const entry of batch) {
						entry.state = "done";
						answered(entry);
					}
					cost.observe(batch.length, tookUs, clock.nowUs());
					release(lane);
				});
			},
		},
		events: { refused },
		policy: wrap(new DeadlinePolicy({ rules, cost })),
		...(placement && { placement }),
		maxRows,
		levels: [NO_QUEUE_POLICY],
		...(share && { share }),
		defer: (callback) => clock.at(clock.nowUs(), callback),
	});
	return { clock, scheduler, cost, batchSizes };
}

/** A seeded generator of numbers in (0, 1). */
export function randomFrom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return (state + 0.5) / 2 ** 32;
	};
}
