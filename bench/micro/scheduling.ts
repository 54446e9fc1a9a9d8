// Into the queue and out to an executor whose runs take no time: what deciding costs.
import { systemClock } from "../../packages/server/src/common/clock.ts";
import type { ModelEntry } from "../../packages/server/src/models/entry.ts";
import { BatchScheduler } from "../../packages/server/src/scheduling/batch-scheduler.ts";
import { CostModel } from "../../packages/server/src/scheduling/cost/cost-model.ts";
import type { BatchRules } from "../../packages/server/src/scheduling/policies/batch-rules.ts";
import { DeadlinePolicy } from "../../packages/server/src/scheduling/policies/deadline-policy.ts";
import { TritonPolicy } from "../../packages/server/src/scheduling/policies/triton-policy.ts";
import type { SchedulingPolicy } from "../../packages/server/src/scheduling/policy.ts";
import { NO_QUEUE_POLICY } from "../../packages/server/src/scheduling/queue/queue-policy.ts";
import type { Executor } from "../../packages/server/src/scheduling/scheduler.ts";
import { mulberry32 } from "../lib/stats.ts";
import { type AnyCase, defineCase } from "./case.ts";
import { IN_FLIGHT } from "./support/messages.ts";
import { idleEntry } from "./support/mlp-parts.ts";

/** Batches that the requests in flight make. */
const MAX_ROWS = 32;
const HOUR_US = 3600e6;

/** What the runs take that these policies predict from: larger batches pay. */
const RUN_US = 50;
const ROW_US = 2;

interface Scheduling {
	readonly scheduler: BatchScheduler<ModelEntry>;
	readonly entries: readonly ModelEntry[];
	readonly deferred: (() => void)[];
}

const rules: BatchRules = {
	maxRows: MAX_ROWS,
	preferredRows: [],
	maxDelayUs: 0,
};

const policies: Readonly<
	Record<"deadline" | "triton", () => SchedulingPolicy<ModelEntry>>
> = {
	deadline: () => {
		const cost = new CostModel(MAX_ROWS);
		for (const rows of [1, MAX_ROWS])
			cost.observe(rows, RUN_US + rows * ROW_US, systemClock.nowUs());
		cost.endCalibration();
		return new DeadlinePolicy({ rules, cost });
	},
	triton: () => new TritonPolicy(rules),
};

function schedulerOf(
	policy: "deadline" | "triton",
	run: Executor<ModelEntry>["run"],
	defer: (callback: () => void) => void,
): BatchScheduler<ModelEntry> {
	return new BatchScheduler<ModelEntry>({
		clock: systemClock,
		executor: { laneCount: 1, run },
		events: { refused: () => {} },
		policy: policies[policy](),
		maxRows: MAX_ROWS,
		levels: [NO_QUEUE_POLICY],
		defer,
	});
}

/** Requests that arrive together are read, then dispatched to a lane that is idle: `defer` is called by hand. */
function idleCase(
	name: string,
	policy: "deadline" | "triton",
	deadlineInUs: number,
	budget: "scheduling" | null = null,
): AnyCase {
	return defineCase<Scheduling>({
		name,
		budget,
		requestCount: IN_FLIGHT,
		setup: () => {
			const deferred: (() => void)[] = [];
			const deadlineUs = systemClock.nowUs() + deadlineInUs;
			return {
				deferred,
				entries: Array.from({ length: IN_FLIGHT }, () => idleEntry(deadlineUs)),
				scheduler: schedulerOf(
					policy,
					(_batch, _why, lane, release) => release(lane),
					(callback) => deferred.push(callback),
				),
			};
		},
		run: ({ scheduler, entries, deferred }) => {
			for (const entry of entries) scheduler.submit(entry);
			for (const callback of deferred) callback();
			deferred.length = 0;
		},
		close: ({ scheduler }) => scheduler.close(),
	});
}

interface Backlog {
	readonly scheduler: BatchScheduler<ModelEntry>;
	/** Ends the run under way: the next batch starts, and its entries come back here. */
	finish(): readonly ModelEntry[];
}

/** A batch leaves a long queue and as many requests join it, each with a deadline anywhere in the next hours. */
function backlogCase(waitingCount: number): AnyCase {
	return defineCase<Backlog>({
		name: `scheduling/backlog/${waitingCount}`,
		budget: null,
		requestCount: MAX_ROWS,
		setup: () => {
			let batch: readonly ModelEntry[] = [];
			let end = () => {};
			const scheduler = schedulerOf(
				"deadline",
				(entries, _why, lane, release) => {
					batch = entries;
					end = () => release(lane);
				},
				(callback) => callback(),
			);
			const nowUs = systemClock.nowUs();
			const random = mulberry32(7);
			for (let i = 0; i < waitingCount + MAX_ROWS; i++)
				scheduler.submit(idleEntry(nowUs + HOUR_US * (1 + random() * 100)));
			return {
				scheduler,
				finish: () => {
					end();
					return batch;
				},
			};
		},
		run: ({ scheduler, finish }) => {
			for (const { deadlineUs } of finish())
				scheduler.submit(idleEntry(deadlineUs + 50 * HOUR_US));
		},
		close: ({ scheduler }) => scheduler.close(),
	});
}

export const schedulingCases: readonly AnyCase[] = [
	idleCase(
		"scheduling/submit-dispatch",
		"deadline",
		Number.POSITIVE_INFINITY,
		"scheduling",
	),
	idleCase("scheduling/submit-dispatch/deadline", "deadline", HOUR_US),
	idleCase(
		"scheduling/submit-dispatch/triton",
		"triton",
		Number.POSITIVE_INFINITY,
	),
	backlogCase(10),
	backlogCase(100_000),
];
