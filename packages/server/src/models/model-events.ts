// What a model tells whoever counts. One listener a model, called synchronously with plain numbers; null costs
// a comparison.
import type { Outcome, RefusalReason } from "@saccade/protocol";
import type { LossReason } from "../devices/device-health.ts";
import type { ClosedBecause } from "../scheduling/scheduler.ts";

/** Stamps of one batch on the server's clock, in µs. */
export interface BatchTimes {
	gatherStartUs: number;
	runStartUs: number;
	runEndUs: number;
	splitEndUs: number;
}

/** And where it ran. Valid during the call that tells it. */
export interface BatchStamps extends BatchTimes {
	readonly device: string;
	/** Of the model: counted over all its devices. */
	readonly lane: number;
}

export interface ModelListener {
	batchFinished(
		requestCount: number,
		rows: number,
		closedBecause: ClosedBecause,
		stamps: BatchStamps,
		failed: boolean,
	): void;
	/** A batch of a model with shape buckets was gathered: elements of requests, and of what they were padded with. */
	inputsPadded(usedElements: number, paddingElements: number): void;
	/** A run was lost with its device; `movedCount` of its requests wait again. */
	runLost(because: LossReason, movedCount: number): void;
	/** Each request ends here, exactly once. Durations in µs. @param because null: it was not refused */
	requestFinished(
		outcome: Outcome,
		queueUs: number,
		totalUs: number,
		because: RefusalReason | null,
	): void;
}
