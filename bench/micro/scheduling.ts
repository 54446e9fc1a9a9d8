// Into the queue and out to an executor whose runs take no time: what deciding costs.
import { systemClock } from "../../packages/server/src/common/clock.ts";
import type { ModelEntry } from "../../packages/server/src/models/entry.ts";
import { BatchScheduler } from "../../packages/server/src/scheduling/batch-scheduler.ts";
import { NO_QUEUE_POLICY } from "../../packages/server/src/scheduling/queue-policy.ts";
import { type AnyCase, defineCase } from "./case.ts";
import { IN_FLIGHT } from "./support/messages.ts";
import { idleEntry } from "./support/mlp-parts.ts";

/** Batches that the requests in flight make. */
const MAX_ROWS = 32;
const HOUR_US = 3600e6;

interface Scheduling {
	readonly scheduler: BatchScheduler<ModelEntry>;
	readonly entries: readonly ModelEntry[];
	readonly deferred: (() => void)[];
}

/** Requests that arrive together are read, then dispatched: `defer` is called by hand. */
function schedulingCase(
	name: string,
	budget: "scheduling" | null,
	deadlineInUs: number,
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
				scheduler: new BatchScheduler<ModelEntry>({
					clock: systemClock,
					executor: { laneCount: 1, run: (_batch, _why, release) => release() },
					events: {
						refused: (_entry, because) => {
							throw new Error(`refused: ${because}`);
						},
					},
					rules: { maxRows: MAX_ROWS, preferredRows: [], maxDelayUs: 0 },
					levels: [NO_QUEUE_POLICY],
					defer: (callback) => deferred.push(callback),
				}),
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

export const schedulingCases: readonly AnyCase[] = [
	schedulingCase(
		"scheduling/submit-dispatch",
		"scheduling",
		Number.POSITIVE_INFINITY,
	),
	schedulingCase("scheduling/submit-dispatch/deadline", null, HOUR_US),
];
