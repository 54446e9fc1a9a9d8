// The contract between a model's scheduler and its user. Scheduling knows neither models nor tensors:
// it orders entries, decides when a batch closes, and says why.
//
//   submit ─▶ queue (priority level, earliest deadline) ─▶ policy decides ─▶ executor.run(batch)
//                └ refuse: full, expired, timed out, cancelled
import type { RefusalReason } from "@saccade/protocol";

/**
 * One request as the scheduler sees it. The user embeds these fields in its own request object, so that a
 * request costs one object. Fields marked (scheduler) belong to the scheduler.
 */
export interface Entry {
	/** Batch elements in this request, ≥ 1. */
	readonly rows: number;
	/** Absolute µs; Infinity when none. */
	readonly deadlineUs: number;
	/** 1 is highest; 0, and what the model has no level for, means its default level. */
	readonly priority: number;
	/** Time-out the client asked for in µs; 0 when none. Only policies that allow it look at it. */
	readonly timeoutUs: number;
	/** Only entries with the same key may share a batch: dtype and shape of every input beside the batch dimension. */
	readonly shapeKey: string;
	/** (scheduler) When it was submitted. */
	enqueuedUs: number;
	/** (scheduler) */
	state: EntryState;
	/** (scheduler) Its priority level, 1 is highest. */
	level: number;
	/** (scheduler) Key and tie-breaker of its place in its level. */
	orderUs: number;
	sequence: number;
	/** (scheduler) When it leaves the queue by itself; Infinity when never. */
	expiresUs: number;
	/** (scheduler) Position in the heap of expiries, −1 outside. */
	heapIndex: number;
}

export type EntryState = "new" | "queued" | "running" | "done";

/** Why a batch was closed. A metric label: keep the set small and stable. */
export const CLOSED_BECAUSE = [
	"unbatched",
	"full",
	"efficient-size",
	"lane-share",
	"preferred-size",
	"delay",
	"deadline",
	"idle-device",
	"returns-awaited",
	"shape-change",
	"drain",
] as const;
export type ClosedBecause = (typeof CLOSED_BECAUSE)[number];

/** What runs batches, one at a time on each lane. */
export interface Executor<E extends Entry> {
	readonly laneCount: number;
	/** Lanes of each device, numbered one device after the other. @default all of one device */
	readonly deviceLanes?: readonly number[];
	/** @param release called once when the lane is free again, perhaps before this returns */
	run(
		batch: readonly E[],
		closedBecause: ClosedBecause,
		lane: number,
		release: (lane: number) => void,
	): void;
}

export interface SchedulerEvents<E extends Entry> {
	/** The entry will never run. Called exactly once per refused entry; its answer is the listener's to send. */
	refused(entry: E, because: RefusalReason, detail: RefusalDetail): void;
}

export interface Refusal {
	readonly because: RefusalReason;
	readonly detail: RefusalDetail;
}

/** The numbers behind a refusal, for the error text. */
export interface RefusalDetail {
	readonly queuedCount: number;
	readonly limitCount: number;
	readonly waitedUs: number;
	/** From now until the answer, and until the deadline. */
	readonly predictedUs: number;
	readonly leftUs: number;
}

export interface SchedulerStats {
	readonly queuedCount: number;
	readonly queuedRows: number;
	readonly runningBatches: number;
	readonly oldestWaitUs: number;
}

export interface Scheduler<E extends Entry> {
	/**
	 * Why a request of this deadline and one row would be refused now, before its bytes are there. Null: it may come,
	 * and until it does counts as if it waited.
	 */
	foresee(deadlineUs: number): Refusal | null;
	/** Takes the entry, runs it, or refuses it through `refused`, perhaps before this returns. */
	submit(entry: E): void;
	/** Drops a queued entry (told as `cancelled`). False when it runs already or is done. */
	cancel(entry: E): boolean;
	/** Takes an entry again whose run was lost with its device; refuses it when it cannot be in time any more. */
	putBack(entry: E): void;
	/** The run on this lane is not waited for any more; it is still released when it returns. */
	giveUp(lane: number): void;
	/** Whether the device gets batches. */
	setDevice(device: number, inUse: boolean): void;
	/** False: no device will be there for a while. Refuses what waits and what comes (`unavailable`). */
	setAvailable(isAvailable: boolean): void;
	/** Decides again: something that decisions are made of has changed. */
	wake(): void;
	stats(): SchedulerStats;
	/** Takes no new entries; resolves when the queue is empty and nothing runs. */
	drain(): Promise<void>;
	/** Resolves at the next moment when nothing waits and nothing runs; what comes meanwhile is taken. */
	idle(): Promise<void>;
	/** Refuses everything queued with `shutting-down` and stops its timers. */
	close(): void;
}
