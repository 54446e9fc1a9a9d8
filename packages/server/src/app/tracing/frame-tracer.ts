// Keeps frames of streams to explain them: those that were asked for, the oldest results and those that missed their
// deadline.
import type { FrameWork } from "../../streams/frame-work.ts";
import type {
	FrameTracer,
	TelemetryStream,
} from "../../streams/telemetry-stream.ts";
import type { HeadSampler } from "../../telemetry/tracing/head-sampler.ts";
import type { TraceRecord } from "../../telemetry/tracing/trace-record.ts";
import type { TraceRecorder } from "../../telemetry/tracing/trace-recorder.ts";
import type { TraceSubject } from "../../telemetry/tracing/trace-store.ts";
import { frameRecord, frameStartUs } from "./frame-record.ts";

export type OnFrameExemplar = (
	pipeline: string,
	us: number,
	record: TraceRecord,
) => void;

export class StreamTracer implements FrameTracer {
	readonly #recorder: TraceRecorder;
	readonly #sampler: HeadSampler;
	readonly #onExemplar: OnFrameExemplar | null;
	/** By pipeline. */
	readonly #subjects = new Map<string, TraceSubject>();

	constructor(
		recorder: TraceRecorder,
		sampler: HeadSampler,
		onExemplar: OnFrameExemplar | null = null,
	) {
		this.#recorder = recorder;
		this.#sampler = sampler;
		this.#onExemplar = onExemplar;
	}

	nowUs(): number {
		return this.#recorder.clock.nowUs();
	}

	frameEnded(stream: TelemetryStream, work: FrameWork): void {
		const { parent, outcome, reason, begunTrace, finishedUs } = work;
		const subject = this.#subjectOf(stream.pipelineName);
		const isMissed = reason === "deadline-passed" || reason === "cannot-finish";
		const isSampled = parent?.isSampled ?? this.#sampler.takesNext();
		const isSlow =
			outcome === "RESULT" &&
			finishedUs - frameStartUs(work) > subject.slowerThanUs;
		const isAsked = isSampled || parent !== null;
		const isKept =
			isAsked || ((isMissed || isSlow) && this.#recorder.hasRoom(finishedUs));
		if (!isKept) {
			begunTrace?.end(forget);
			return;
		}
		const isExported = isSampled || isMissed;
		const requests =
			begunTrace?.end((late) =>
				this.#recorder.recordLate({ ...late, isSampled }, isExported),
			) ?? [];
		const record = frameRecord({
			stream,
			work,
			isSampled,
			isMissed,
			requests,
			unixUs: (atUs) => this.#recorder.unixUs(atUs),
		});
		work.traceId = record.traceId;
		this.#recorder.record(
			subject,
			record,
			requests.map((one) => ({ ...one, isSampled })),
		);
		if (outcome === "RESULT")
			this.#onExemplar?.(
				stream.pipelineName,
				finishedUs - work.measuredUs,
				record,
			);
	}

	#subjectOf(pipeline: string): TraceSubject {
		let subject = this.#subjects.get(pipeline);
		if (subject === undefined) {
			subject = this.#recorder.store.subject("frame", pipeline);
			this.#subjects.set(pipeline, subject);
		}
		return subject;
	}
}

function forget(): void {}
