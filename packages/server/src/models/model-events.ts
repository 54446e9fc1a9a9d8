// What a version of a model tells those who watch it, synchronously and in plain numbers.
import type { Outcome, RefusalReason } from "@saccade/protocol";
import type { LossReason } from "../devices/device-health.ts";
import type { SaccadeError } from "../errors/saccade-error.ts";
import type { ClosedBecause } from "../scheduling/scheduler.ts";
import type { RequestTrace } from "../telemetry/tracing/request-trace.ts";
import type { ModelEntry } from "./entry.ts";

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

/** Who watches a version. Null costs a comparison. */
export interface ModelObservers {
	/** Counts. */
	listener: ModelListener | null;
	/** Explains requests. */
	tracer: ModelTracer | null;
	/** Counts tokens, of models that generate. */
	tokens: TokenListener | null;
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

/** The run that requests were a part of. */
export interface BatchFacts {
	readonly rows: number;
	readonly closedBecause: ClosedBecause;
	/** Valid during the call. */
	readonly stamps: BatchStamps;
	/** What half of such batches took, or less, before this one; 0: nothing was known. */
	readonly predictedUs: number;
}

export interface TokenListener {
	/** A request of the batch that `batchFinished` follows. */
	answered(promptTokens: number, outputTokens: number): void;
	batchFinished(device: string): void;
}

/** It reads entries, and keeps nothing of them. */
export interface ModelTracer {
	/** Those with `endedAs` were told of before. @param error null: the others were answered */
	batchFinished(
		batch: readonly ModelEntry[],
		facts: BatchFacts,
		error: SaccadeError | null,
	): void;
	/** It ended in the queue, or its run went on without it. */
	requestEnded(entry: ModelEntry, error: SaccadeError): void;
	/** It ended before it was submitted. */
	turnedAway(
		error: SaccadeError,
		receivedUs: number,
		trace: RequestTrace | null,
	): void;
}
