// A frame that has ended, as a record: where its time went from the sensor on, and what was decided about it.
import type { FrameWork } from "../../streams/frame-work.ts";
import type { TelemetryStream } from "../../streams/telemetry-stream.ts";
import { newSpanId, newTraceId } from "../../telemetry/tracing/trace-ids.ts";
import {
	boundedText,
	type TraceDecision,
	type TraceLink,
	type TraceRecord,
} from "../../telemetry/tracing/trace-record.ts";
import { StageList } from "../../telemetry/tracing/trace-recorder.ts";

interface FrameContext {
	readonly stream: TelemetryStream;
	readonly work: FrameWork;
	readonly isSampled: boolean;
	readonly isMissed: boolean;
	/** Of its models, as far as they ended. */
	readonly requests: readonly TraceRecord[];
	readonly unixUs: (atUs: number) => number;
}

/** Where its time starts: when it was measured, where that could be told. */
export function frameStartUs({ measuredUs, receivedUs }: FrameWork): number {
	return measuredUs > 0 && measuredUs <= receivedUs ? measuredUs : receivedUs;
}

export function frameRecord(context: FrameContext): TraceRecord {
	const { stream, work, isSampled, isMissed, requests, unixUs } = context;
	const { begunTrace, parent } = work;
	const startUs = frameStartUs(work);
	return {
		kind: "frame",
		traceId: begunTrace?.traceId ?? parent?.traceId ?? newTraceId(),
		spanId: begunTrace?.spanId ?? newSpanId(),
		parentSpanId: parent?.spanId ?? null,
		tracestate: parent?.tracestate ?? "",
		isSampled,
		transport: null,
		isMissed,
		name: stream.pipelineName,
		version: "",
		attributes: attributesOf(stream, work),
		startUnixUs: unixUs(startUs),
		durationUs: Math.max(0, work.finishedUs - startUs),
		outcome: work.outcome,
		reason: work.reason,
		detail: boundedText(work.detail),
		deadlineUs:
			work.deadlineUs === Number.POSITIVE_INFINITY
				? null
				: work.deadlineUs - startUs,
		stages: stagesOf(work, startUs).stages,
		decisions: decisionsOf(stream, work, startUs),
		batch: null,
		links: linksOf(stream, work, requests),
	};
}

function stagesOf(work: FrameWork, startUs: number): StageList {
	const { receivedUs, alignedUs, startedUs, finishedUs, result, begunTrace } =
		work;
	const stages = new StageList(startUs);
	stages.until("receive", receivedUs);
	stages.until("align", alignedUs);
	stages.until("queue", Number.isNaN(startedUs) ? finishedUs : startedUs);
	for (const stage of result?.stages ?? begunTrace?.stages ?? [])
		stages.add(stage);
	return stages;
}

function decisionsOf(
	stream: TelemetryStream,
	work: FrameWork,
	startUs: number,
): TraceDecision[] {
	const { reason, detail, finishedUs, supersededBy, companions, result } = work;
	const decisions: TraceDecision[] = [];
	const endUs = finishedUs - startUs;
	const clock = stream.clockQuality(work.deviceId, work.receivedUs);
	if (clock !== null && work.measuredUs > 0)
		decisions.push({
			kind: "clock",
			because: stream.request.clockDomain,
			atUs: work.receivedUs - startUs,
			text: `by its timestamp it was measured ${ms(work.receivedUs - work.measuredUs)} before it came; the sensor's clock is known to ± ${ms(clock.uncertaintyUs)}, and runs ${clock.driftPpm.toFixed(1)} ppm fast`,
		});
	if (companions.length > 0)
		decisions.push({
			kind: "joined",
			because: "join-rule",
			atUs:
				(Number.isNaN(work.alignedUs) ? work.receivedUs : work.alignedUs) -
				startUs,
			text: `with ${companions
				.map(
					(one) =>
						`${boundedText(one.deviceId)} number ${one.sequence}, ${ms(one.measuredUs - work.measuredUs)} apart`,
				)
				.join("; ")}`,
		});
	if (reason !== null)
		decisions.push({
			kind:
				work.outcome === "SUPERSEDED"
					? "superseded"
					: Number.isNaN(work.startedUs)
						? "refused"
						: "stopped",
			because: reason,
			atUs: endUs,
			text:
				supersededBy === null
					? detail
					: `${detail}: number ${supersededBy.sequence} of ${boundedText(supersededBy.deviceId)}, stamped ${supersededBy.timestampNs}, took its place`,
		});
	const decision = result?.decision ?? null;
	if (decision !== null)
		decisions.push({
			kind: "decided",
			because: boundedText(decision.action),
			atUs: endUs,
			text: boundedText(
				[
					...decision.reasons,
					...decision.targets.map(
						({ name, value }) => `${name} ${Number(value.toFixed(3))}`,
					),
				].join("; "),
			),
		});
	return decisions;
}

/** The batches of its models; its stream's and its companions' traces, where the client sent such. */
function linksOf(
	{ request }: TelemetryStream,
	work: FrameWork,
	requests: readonly TraceRecord[],
): TraceLink[] {
	const links: TraceLink[] = [];
	if (request.trace != null) {
		const { traceId, spanId } = request.trace;
		links.push({ traceId, spanId, kind: "stream" });
	}
	for (const { parent } of work.companions)
		if (parent !== null)
			links.push({
				traceId: parent.traceId,
				spanId: parent.spanId,
				kind: "joined",
			});
	for (const { links: own } of requests)
		links.push(...own.filter(({ kind }) => kind === "batch"));
	return links;
}

function attributesOf({ id, request }: TelemetryStream, work: FrameWork) {
	return {
		"stream.id": id,
		...(request.name !== "" && { "stream.name": boundedText(request.name) }),
		"device.id": boundedText(work.deviceId),
		...(work.sequence !== 0 && { sequence: work.sequence }),
		"timestamp.ns": String(work.timestampNs),
	};
}

function ms(us: number): string {
	return `${(us / 1000).toFixed(Math.abs(us) < 10_000 ? 3 : 1)} ms`;
}
