// Keeps requests of one model to explain them: those that were asked for, the slowest and those that missed their
// deadline. Of all others it costs a few comparisons; the stamps are those that scheduling needs anyway.
import type { SaccadeError } from "../../errors/saccade-error.ts";
import type { ModelEntry } from "../../models/entry.ts";
import type { BatchFacts, ModelTracer } from "../../models/model-events.ts";
import type { RequestTrace } from "../../telemetry/tracing/request-trace.ts";
import { formatTraceparent } from "../../telemetry/tracing/trace-context.ts";
import { newSpanId, newTraceId } from "../../telemetry/tracing/trace-ids.ts";
import type { TraceRecord } from "../../telemetry/tracing/trace-record.ts";
import type { TraceRecorder } from "../../telemetry/tracing/trace-recorder.ts";
import type { TraceSubject } from "../../telemetry/tracing/trace-store.ts";
import {
	type BatchInstance,
	batchedRecord,
	endedRecord,
	missedDeadline,
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
		/** One id for all of its requests; made when the first is recorded. */
		let instance: BatchInstance | null = null;
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
			instance ??= {
				traceId: newTraceId(),
				spanId: newSpanId(),
				number,
				requestCount: batch.length,
			};
			const { trace } = entry;
			const record = batchedRecord(
				this.#context(trace),
				entry,
				{ ...facts, ...instance },
				error,
			);
			this.#record(record, trace);
			if (error === null) this.#onExemplar?.(record.durationUs, record);
		}
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
