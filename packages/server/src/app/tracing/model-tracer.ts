// Keeps requests of one model to explain them: those that were asked for, the slowest and those that missed their
// deadline. Of all others it costs a few comparisons; the stamps are those that scheduling needs anyway.
import type { SaccadeError } from "../../errors/saccade-error.ts";
import type { ModelEntry } from "../../models/entry.ts";
import type { BatchFacts, ModelTracer } from "../../models/model-events.ts";
import type { RequestTrace } from "../../telemetry/tracing/request-trace.ts";
import { formatTraceparent } from "../../telemetry/tracing/trace-context.ts";
import type { TraceRecord } from "../../telemetry/tracing/trace-record.ts";
import type {
	DeferredRecord,
	TraceRecorder,
} from "../../telemetry/tracing/trace-recorder.ts";
import type { TraceSubject } from "../../telemetry/tracing/trace-store.ts";
import { FinishedBatch } from "./finished-batch.ts";
import {
	batchedRecord,
	endedRecord,
	missedDeadline,
	type TracedEntry,
	type TracedModel,
	turnedAwayRecord,
} from "./request-record.ts";

/** Ties a time to the trace of whoever took it. */
export type OnExemplar = (us: number, record: TraceRecord) => void;

export class RequestTracer implements ModelTracer {
	readonly #recorder: TraceRecorder;
	readonly #model: TracedModel;
	readonly #subject: TraceSubject;
	readonly #onExemplar: OnExemplar | null;
	#batchNumber = 0;

	/** @param onExemplar told of each record that was answered */
	constructor(
		recorder: TraceRecorder,
		model: TracedModel,
		onExemplar: OnExemplar | null = null,
	) {
		this.#recorder = recorder;
		this.#model = model;
		this.#subject = recorder.store.subject("request", model.name);
		this.#onExemplar = onExemplar;
	}

	batchFinished(
		batch: readonly ModelEntry[],
		facts: BatchFacts,
		error: SaccadeError | null,
	): void {
		const number = ++this.#batchNumber;
		const endUs = facts.stamps.splitEndUs;
		const { slowerThanUs } = this.#subject;
		/** Made when the first is recorded. */
		let finished: FinishedBatch | null = null;
		for (const entry of batch) {
			if (entry.endedAs !== null) continue;
			const isMissed = endUs > entry.deadlineUs;
			if (
				entry.trace === null &&
				!isMissed &&
				endUs - entry.receivedUs <= slowerThanUs
			)
				continue;
			if (entry.trace === null && !this.#recorder.hasRoom(endUs)) continue;
			finished ??= new FinishedBatch(facts, number, batch.length);
			const { trace } = entry;
			// Most of those that are asked for; a frame's requests end with it.
			if (trace !== null && trace.frame === null && error === null)
				this.#recorder.defer(new AnsweredRequest(this, entry, finished));
			else this.recordBatched(entry, trace, finished, error);
		}
	}

	/** Of a batch that `batchFinished` told of. */
	recordBatched(
		entry: TracedEntry,
		trace: RequestTrace | null,
		batch: FinishedBatch,
		error: SaccadeError | null,
	): void {
		const record = batchedRecord(this.#context(trace), entry, batch, error);
		this.#record(record, trace);
		if (error === null) this.#onExemplar?.(record.durationUs, record);
	}

	requestEnded(entry: ModelEntry, error: SaccadeError): void {
		const { trace } = entry;
		if (!this.#isWanted(trace, error)) return;
		const record = endedRecord(this.#context(trace), entry, error);
		this.#record(record, trace);
		error.traceResponse = formatTraceparent(record);
	}

	turnedAway(
		error: SaccadeError,
		receivedUs: number,
		trace: RequestTrace | null,
	): void {
		if (!this.#isWanted(trace, error)) return;
		const record = turnedAwayRecord(
			this.#context(trace),
			// Until the name was known, nothing but the trace told when it came.
			Number.isNaN(trace?.openedUs ?? Number.NaN)
				? receivedUs
				: Math.min(receivedUs, trace!.openedUs),
			error,
		);
		this.#record(record, trace);
		error.traceResponse = formatTraceparent(record);
	}

	#isWanted(trace: RequestTrace | null, error: SaccadeError): boolean {
		if (trace !== null) return true;
		if (!missedDeadline(error)) return false;
		return this.#recorder.hasRoom(this.#recorder.clock.nowUs());
	}

	#context(trace: RequestTrace | null) {
		return {
			model: this.#model,
			trace,
			nowUs: this.#recorder.clock.nowUs(),
			unixUs: (atUs: number) => this.#recorder.unixUs(atUs),
		};
	}

	/** A frame's requests are kept with it. */
	#record(record: TraceRecord, trace: RequestTrace | null): void {
		const frame = trace?.frame ?? null;
		if (frame !== null) frame.requestEnded(record);
		else this.#recorder.record(this.#subject, record);
	}
}

/** A request that was asked for, from its answer until its record is composed: its numbers, and none of its bytes. */
class AnsweredRequest implements TracedEntry, DeferredRecord {
	readonly rows: number;
	readonly deadlineUs: number;
	readonly priority: number;
	readonly receivedUs: number;
	readonly enqueuedUs: number;
	readonly startedUs: number;
	readonly lostRuns: number;
	readonly requestId: string;
	readonly #tracer: RequestTracer;
	readonly #trace: RequestTrace | null;
	readonly #batch: FinishedBatch;

	constructor(tracer: RequestTracer, entry: ModelEntry, batch: FinishedBatch) {
		this.rows = entry.rows;
		this.deadlineUs = entry.deadlineUs;
		this.priority = entry.priority;
		this.receivedUs = entry.receivedUs;
		this.enqueuedUs = entry.enqueuedUs;
		this.startedUs = entry.startedUs;
		this.lostRuns = entry.lostRuns;
		this.requestId = entry.requestId;
		this.#tracer = tracer;
		this.#trace = entry.trace;
		this.#batch = batch;
	}

	settle(): void {
		this.#tracer.recordBatched(this, this.#trace, this.#batch, null);
	}
}
