// A scheduler with everything that happens in one log, on a clock and an event loop that move by hand.
import { ManualClock } from "../../common/manual-clock.ts";
import {
	BatchScheduler,
	type BatchSchedulerOptions,
} from "../batch-scheduler.ts";
import type { BatchRules } from "../policies/batch-rules.ts";
import { TritonPolicy } from "../policies/triton-policy.ts";
import type { SchedulingPolicy } from "../policy.ts";
import { NO_QUEUE_POLICY } from "../queue/queue-policy.ts";
import type { ClosedBecause } from "../scheduler.ts";
import type { TestEntry } from "./test-entry.ts";

interface Given extends Partial<BatchSchedulerOptions<TestEntry>> {
	readonly rules?: BatchRules;
	/** @default Triton's */
	readonly policyOf?: (rules: BatchRules) => SchedulingPolicy<TestEntry>;
}

interface Batch {
	readonly entries: readonly TestEntry[];
	readonly because: ClosedBecause;
	readonly release: () => void;
}

export function setUp(
	{
		rules = { maxRows: 4, preferredRows: [], maxDelayUs: 0 },
		policyOf = (given) => new TritonPolicy(given),
		...options
	}: Given = {},
	laneCount = 1,
) {
	const clock = new ManualClock();
	const log: string[] = [];
	const running: Batch[] = [];
	const deferred: (() => void)[] = [];
	const scheduler = new BatchScheduler<TestEntry>({
		clock,
		policy: policyOf(rules),
		maxRows: rules.maxRows,
		levels: [NO_QUEUE_POLICY],
		executor: {
			laneCount,
			run: (entries, because, lane, release) => {
				log.push(
					`run ${entries.map(({ name }) => name).join(" ")} (${because})`,
				);
				running.push({ entries, because, release: () => release(lane) });
			},
		},
		events: {
			refused: (entry, because) =>
				log.push(`refuse ${entry.name} (${because})`),
		},
		defer: (callback) => deferred.push(callback),
		...options,
	});
	return {
		clock,
		log,
		running,
		scheduler,
		/** The event loop's turn. */
		tick: () => {
			for (const callback of deferred.splice(0)) callback();
		},
		finish: () => {
			const batch = running.shift();
			for (const entry of batch?.entries ?? []) entry.state = "done";
			batch?.release();
		},
	};
}
