// A request that has ended, as a record: its stages from the stamps, and what was decided about it.
import { ERROR_CODES, type Outcome } from "@saccade/protocol";
import type { SaccadeError } from "../../errors/saccade-error.ts";
import type { ModelEntry } from "../../models/entry.ts";
import type { RequestTrace } from "../../telemetry/tracing/request-trace.ts";
import { newSpanId, newTraceId } from "../../telemetry/tracing/trace-ids.ts";
import {
	boundedText,
	type TraceBatch,
	type TraceDecision,
	type TraceRecord,
} from "../../telemetry/tracing/trace-record.ts";
import { StageList } from "../../telemetry/tracing/trace-recorder.ts";
import { CLOSED_TEXT } from "./closed-because.ts";
import type { FinishedBatch } from "./finished-batch.ts";

export interface TracedModel {
	readonly name: string;
	readonly version: string;
}

/** What is told of a request that was submitted. */
export type TracedEntry = Pick<
	ModelEntry,
	| "rows"
	| "deadlineUs"
	| "priority"
	| "receivedUs"
	| "enqueuedUs"
	| "startedUs"
	| "lostRuns"
	| "requestId"
>;

export interface RecordContext {
	readonly model: TracedModel;
	readonly trace: RequestTrace | null;
	readonly nowUs: number;
	readonly unixUs: (atUs: number) => number;
}

/** Whether a deadline was the reason: such requests are always kept. */
export function missedDeadline({ code }: SaccadeError): boolean {
	return code === "DEADLINE_EXCEEDED" || code === "CANNOT_FINISH";
}

/** Of a request whose batch ran. @param error null: it was answered */
export function batchedRecord(
	context: RecordContext,
	entry: TracedEntry,
	batch: FinishedBatch,
	error: SaccadeError | null,
): TraceRecord {
	const { trace } = context;
	const { stamps, closedBecause, rows } = batch;
	const startUs = startOf(entry, trace);
	const stages = untilStarted(entry, startUs, trace);
	stages.until("gather", stamps.runStartUs);
	stages.until("run", stamps.runEndUs);
	const encodeStartUs = trace?.encodeStartUs ?? Number.NaN;
	const encodeEndUs = trace?.encodeEndUs ?? Number.NaN;
	const endUs = Number.isNaN(encodeEndUs) ? stamps.splitEndUs : encodeEndUs;
	stages.until("split", encodeStartUs);
	// Without a stamp of its own the encoding of all of the batch's answers is in the split.
	stages.until(Number.isNaN(encodeStartUs) ? "split" : "encode", endUs);
	const actualUs = stamps.splitEndUs - stamps.gatherStartUs;
	const inBatch: TraceBatch = {
		traceId: batch.traceId,
		spanId: batch.spanId,
		number: batch.number,
		rows,
		requestCount: batch.requestCount,
		closedBecause,
		device: stamps.device,
		lane: stamps.lane,
		predictedUs: batch.predictedUs,
		actualUs,
		startUs: stamps.gatherStartUs - startUs,
		gatherUs: stamps.runStartUs - stamps.gatherStartUs,
		runUs: stamps.runEndUs - stamps.runStartUs,
		splitUs: stamps.splitEndUs - stamps.runEndUs,
	};
	const decisions: TraceDecision[] = [
		{
			kind: "batch-closed",
			because: closedBecause,
			atUs: inBatch.startUs,
			text: `batch ${batch.number} of ${rows} ${rows === 1 ? "row" : "rows"} from ${batch.requestCount} ${batch.requestCount === 1 ? "request" : "requests"} ran on ${stamps.device}, because ${CLOSED_TEXT[closedBecause]}; ${predictionText(batch.predictedUs, actualUs)}`,
		},
	];
	const lateUs = endUs - entry.deadlineUs;
	if (error === null && lateUs > 0)
		decisions.push({
			kind: "late",
			because: "deadline-passed",
			atUs: entry.deadlineUs - startUs,
			text: `the answer came ${ms(lateUs)} after the deadline`,
		});
	return {
		...base(context, startUs, endUs),
		...endOf(error),
		deadlineUs: deadlineOf(entry, startUs),
		isMissed: lateUs > 0,
		attributes: {
			...attributesOf(entry),
			...generationOf(context),
		},
		stages: stages.stages,
		decisions,
		batch: inBatch,
		links: [{ traceId: batch.traceId, spanId: batch.spanId, kind: "batch" }],
	};
}

/** Of a request that ended in the queue, or whose run went on without it. */
export function endedRecord(
	context: RecordContext,
	entry: TracedEntry,
	error: SaccadeError,
): TraceRecord {
	const { trace, nowUs } = context;
	const startUs = startOf(entry, trace);
	const hasRun = entry.startedUs > 0;
	const stages = untilStarted(entry, startUs, trace, hasRun);
	stages.until(hasRun ? "run" : "queue", nowUs);
	const because = error.refusedBecause ?? error.code;
	return {
		...base(context, startUs, nowUs),
		...endOf(error),
		deadlineUs: deadlineOf(entry, startUs),
		isMissed: missedDeadline(error),
		attributes: attributesOf(entry),
		stages: stages.stages,
		decisions: [
			{
				kind: hasRun ? "stopped" : "refused",
				because,
				atUs: nowUs - startUs,
				text: error.message,
			},
		],
		batch: null,
		links: [],
	};
}

/** Of a request that was refused before there was an entry. */
export function turnedAwayRecord(
	context: RecordContext,
	receivedUs: number,
	error: SaccadeError,
): TraceRecord {
	const { trace, nowUs } = context;
	const stages = new StageList(receivedUs);
	if (trace !== null) beforeQueue(stages, trace);
	stages.until("check", nowUs);
	return {
		...base(context, receivedUs, nowUs),
		...endOf(error),
		deadlineUs: null,
		isMissed: missedDeadline(error),
		attributes: {},
		stages: stages.stages,
		decisions: [
			{
				kind: "refused",
				because: error.refusedBecause ?? error.code,
				atUs: nowUs - receivedUs,
				text: error.message,
			},
		],
		batch: null,
		links: [],
	};
}

/** A model's request of a frame begins when the pipeline makes it, not when the frame came. */
function startOf(entry: TracedEntry, trace: RequestTrace | null): number {
	return trace === null || trace.frame === null
		? entry.receivedUs
		: trace.landedUs;
}

function untilStarted(
	entry: TracedEntry,
	startUs: number,
	trace: RequestTrace | null,
	hasStarted = true,
): StageList {
	const stages = new StageList(startUs);
	if (trace !== null) beforeQueue(stages, trace);
	// Without stamps of its own everything before the queue is one stage.
	stages.until(trace === null ? "receive" : "check", entry.enqueuedUs);
	if (hasStarted) stages.until("queue", entry.startedUs);
	return stages;
}

function beforeQueue(stages: StageList, trace: RequestTrace): void {
	if (trace.frame !== null) return;
	stages.until("head", trace.openedUs);
	stages.until("admit", trace.admittedUs);
	stages.until("body", trace.landedUs);
}

function base(
	{ model, trace, unixUs }: RecordContext,
	startUs: number,
	endUs: number,
) {
	return {
		kind: "request" as const,
		traceId: trace?.traceId ?? newTraceId(),
		spanId: trace?.spanId ?? newSpanId(),
		parentSpanId: trace?.parentSpanId ?? null,
		tracestate: trace?.tracestate ?? "",
		isSampled: trace?.isSampled ?? false,
		transport: trace?.transport ?? null,
		name: model.name,
		version: model.version,
		startUnixUs: unixUs(startUs),
		durationUs: Math.max(0, endUs - startUs),
	};
}

function endOf(error: SaccadeError | null) {
	if (error === null)
		return { outcome: "RESULT" as Outcome, reason: null, detail: "" };
	return {
		outcome: ERROR_CODES[error.code].outcome,
		reason: error.refusedBecause ?? error.code,
		detail: boundedText(error.message),
	};
}

function deadlineOf(entry: TracedEntry, startUs: number): number | null {
	return entry.deadlineUs === Number.POSITIVE_INFINITY
		? null
		: entry.deadlineUs - startUs;
}

/** https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ */
function generationOf({ model, trace }: RecordContext) {
	const tokens = trace?.tokens ?? null;
	if (tokens === null) return {};
	return {
		"gen_ai.operation.name": "text_completion",
		"gen_ai.provider.name": "saccade",
		"gen_ai.request.model": model.name,
		"gen_ai.usage.input_tokens": tokens.prompt,
		"gen_ai.usage.output_tokens": tokens.output,
	};
}

function attributesOf(
	entry: TracedEntry,
): Readonly<Record<string, string | number>> {
	return {
		rows: entry.rows,
		...(entry.requestId !== "" && {
			"request.id": boundedText(entry.requestId),
		}),
		...(entry.priority !== 0 && { priority: entry.priority }),
		...(entry.lostRuns > 0 && { "runs.lost": entry.lostRuns }),
	};
}

function predictionText(predictedUs: number, actualUs: number): string {
	return predictedUs === 0
		? `it took ${ms(actualUs)}, and nothing was known to predict it from`
		: `it took ${ms(actualUs)}, ${ms(predictedUs)} were predicted`;
}

function ms(us: number): string {
	return `${(us / 1000).toFixed(us < 10_000 ? 3 : 1)} ms`;
}
