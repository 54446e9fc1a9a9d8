// What a scheduling policy decides, as plain data, from numbers alone. The scheduler acts on it.
import type { RefusalReason } from "@saccade/protocol";
import type { DeviceOutlook } from "./placement/device-outlook.ts";
import type { LaneForecast } from "./placement/lane-forecast.ts";
import type { EntryQueue } from "./queue/entry-queue.ts";
import type { ClosedBecause, Entry } from "./scheduler.ts";

export type BatchDecision = RunOrWait | RefuseHead;

export type RunOrWait =
	| {
			readonly kind: "run";
			/** Entries from the head of the queue. */
			readonly take: number;
			readonly closedBecause: ClosedBecause;
	  }
	| { readonly kind: "wait"; readonly untilUs: number };

/** The head of the queue will never run. */
interface RefuseHead {
	readonly kind: "refuse";
	readonly because: RefusalReason;
	readonly predictedUs: number;
}

/** What a policy looks at; one object for the life of a scheduler. */
export interface SchedulerView<E extends Entry> {
	readonly queue: EntryQueue<E>;
	readonly lanes: LaneForecast;
	/** What other models leave of the device. */
	readonly device: DeviceOutlook;
	readonly nowUs: number;
	/** Rows that are on their way and will be served before the arrival that is looked at. */
	readonly expectedRows: number;
	/** Kept back from the deadline of the arrival that is looked at, beyond what the policy keeps, in µs. */
	readonly marginUs: number;
	/** Nothing will join: do not wait. */
	readonly isDraining: boolean;
}

/** What of an entry decides whether it can be in time. */
export type Arrival = Pick<Entry, "deadlineUs" | "rows" | "level" | "orderUs">;

export interface SchedulingPolicy<E extends Entry> {
	/** The key by which entries of one priority level are served, smallest first. `enqueuedUs` is set. */
	orderUs(arrival: Pick<Entry, "deadlineUs" | "enqueuedUs">): number;
	/**
	 * µs from now at which an entry that arrives now would be answered, when that is later than its deadline allows;
	 * else 0: it may wait.
	 */
	cannotFinishUs(arrival: Arrival, view: SchedulerView<E>): number;
	/** What to do with a queue that is not empty while a lane is free. */
	decide(view: SchedulerView<E>): BatchDecision;
	/** µs that a batch which starts now will probably keep its lane; 0 when unknown. */
	likelyUs(rows: number): number;
	/** An entry of so many rows was put in the queue. */
	arrived(rows: number, nowUs: number): void;
	/** A batch of so many rows was answered. */
	answered(rows: number, nowUs: number): void;
}
