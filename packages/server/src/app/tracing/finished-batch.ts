// A run that requests were a part of, as it is kept until the last of their records is composed.
import type { BatchFacts, BatchStamps } from "../../models/model-events.ts";
import type { ClosedBecause } from "../../scheduling/scheduler.ts";
import { newSpanId, newTraceId } from "../../telemetry/tracing/trace-ids.ts";

export class FinishedBatch implements BatchFacts {
	/** Counts the batches of the model up. */
	readonly number: number;
	readonly requestCount: number;
	readonly rows: number;
	readonly closedBecause: ClosedBecause;
	readonly predictedUs: number;
	readonly stamps: BatchStamps;
	#traceId = "";
	#spanId = "";

	constructor(
		{ rows, closedBecause, predictedUs, stamps }: BatchFacts,
		number: number,
		requestCount: number,
	) {
		this.number = number;
		this.requestCount = requestCount;
		this.rows = rows;
		this.closedBecause = closedBecause;
		this.predictedUs = predictedUs;
		this.stamps = {
			gatherStartUs: stamps.gatherStartUs,
			runStartUs: stamps.runStartUs,
			runEndUs: stamps.runEndUs,
			splitEndUs: stamps.splitEndUs,
			device: stamps.device,
			lane: stamps.lane,
		};
	}

	/** The same for all of its requests; made for the first. */
	get traceId(): string {
		if (this.#traceId === "") this.#traceId = newTraceId();
		return this.#traceId;
	}

	get spanId(): string {
		if (this.#spanId === "") this.#spanId = newSpanId();
		return this.#spanId;
	}
}
