// What the streams do now, for people who look: counts by pipeline, the latest ages, the last decision. It hears what
// metrics hear and keeps a fixed amount.
import { OUTCOMES, type Outcome } from "@saccade/protocol";
import type { Clock } from "../common/clock.ts";
import type { Decision } from "../pipelines/pipeline.ts";
import type { FrameOutcome, SensorStream } from "../streams/stream.ts";

interface PipelineView {
	readonly name: string;
	readonly outcomes: Readonly<Record<Outcome, number>>;
	/** Of the newest results, from the measurement on; null: there were none. */
	readonly ageMs: { readonly p50: number; readonly p99: number } | null;
	readonly decision: DecisionView | null;
}

interface DecisionView {
	readonly action: string;
	readonly reasons: readonly string[];
	readonly targets: Decision["targets"];
	readonly deviceId: string;
	readonly agoMs: number;
	/** Whether it still holds. */
	readonly isValid: boolean;
}

interface StreamView {
	readonly id: string;
	readonly name: string;
	readonly pipeline: string;
	readonly waiting: number;
	readonly running: number;
}

export interface LiveView {
	/** On a monotonic clock: rates are differences over it. */
	readonly nowMs: number;
	readonly pipelines: readonly PipelineView[];
	/** The oldest 100. */
	readonly streams: readonly StreamView[];
	readonly streamCount: number;
}

/** Ages kept of each pipeline: about 10 s of a camera. */
const AGE_COUNT = 300;
const MAX_PIPELINES = 100;
const MAX_STREAMS = 100;

interface Live {
	readonly outcomes: Record<Outcome, number>;
	readonly agesMs: Float64Array;
	ageCount: number;
	decision: Decision | null;
	decidedUs: number;
	measuredUs: number;
	deviceId: string;
}

export class LiveStreams {
	readonly #clock: Clock;
	readonly #pipelines = new Map<string, Live>();

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	frameEnded({ pipelineName }: SensorStream, frame: FrameOutcome): void {
		const live = this.#of(pipelineName);
		if (live === null) return;
		live.outcomes[frame.outcome]++;
		if (frame.outcome !== "RESULT") return;
		const { measuredUs, finishedUs, result, deviceId } = frame;
		const decision = result?.decision ?? null;
		// Ages of what a decision, or a result of one's own, is about: not of readings that were only taken in.
		if (decision === null && (result?.outputs.length ?? 0) === 0) return;
		live.agesMs[live.ageCount++ % AGE_COUNT] = (finishedUs - measuredUs) / 1000;
		if (decision === null) return;
		live.decision = decision;
		live.decidedUs = finishedUs;
		live.measuredUs = measuredUs;
		live.deviceId = deviceId;
	}

	streamEnded(): void {}

	view(streams: readonly SensorStream[]): LiveView {
		const nowUs = this.#clock.nowUs();
		return {
			nowMs: nowUs / 1000,
			pipelines: [...this.#pipelines].map(([name, live]) => ({
				name,
				outcomes: { ...live.outcomes },
				ageMs: agesOf(live),
				decision: decisionOf(live, nowUs),
			})),
			streams: streams.slice(0, MAX_STREAMS).map((stream) => ({
				id: stream.id,
				name: stream.request.name,
				pipeline: stream.pipelineName,
				waiting: stream.waitingCount,
				running: stream.runningCount,
			})),
			streamCount: streams.length,
		};
	}

	#of(name: string): Live | null {
		const known = this.#pipelines.get(name);
		if (known !== undefined) return known;
		if (this.#pipelines.size >= MAX_PIPELINES) return null;
		const live: Live = {
			outcomes: Object.fromEntries(OUTCOMES.map((one) => [one, 0])) as Record<
				Outcome,
				number
			>,
			agesMs: new Float64Array(AGE_COUNT),
			ageCount: 0,
			decision: null,
			decidedUs: 0,
			measuredUs: 0,
			deviceId: "",
		};
		this.#pipelines.set(name, live);
		return live;
	}
}

function agesOf({ agesMs, ageCount }: Live): PipelineView["ageMs"] {
	const count = Math.min(ageCount, AGE_COUNT);
	if (count === 0) return null;
	const sorted = agesMs.slice(0, count).sort();
	const at = (share: number) => sorted[Math.ceil(share * count) - 1] ?? 0;
	return { p50: at(0.5), p99: at(0.99) };
}

function decisionOf(live: Live, nowUs: number): DecisionView | null {
	const { decision, deviceId, decidedUs, measuredUs } = live;
	if (decision === null) return null;
	const { action, reasons, targets, validForUs } = decision;
	return {
		action,
		reasons,
		targets,
		deviceId,
		agoMs: (nowUs - decidedUs) / 1000,
		isValid: nowUs < measuredUs + validForUs,
	};
}
