// Frames as metrics, by pipeline: names that the server itself knows, never those of devices.
import {
	FRAME_REASONS,
	type FrameReason,
	OUTCOMES,
	type Outcome,
} from "@saccade/protocol";
import type { Clock } from "../../common/clock.ts";
import type { StageSpan } from "../../pipelines/pipeline.ts";
import type { FrameOutcome, SensorStream } from "../../streams/stream.ts";
import type { StreamObserver } from "../../streams/telemetry-stream.ts";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type {
	Counter,
	Histogram,
	MetricsRegistry,
} from "../../telemetry/registry.ts";

interface Stage {
	readonly duration: Histogram;
	readonly budget: Histogram;
}

interface Series {
	readonly outcomes: Readonly<Record<Outcome, Counter>>;
	readonly drops: Readonly<Record<FrameReason, Counter>>;
	readonly age: Histogram;
	readonly peakAge: Histogram;
	readonly wholeBudget: Histogram;
	readonly stages: Map<string, Stage>;
	readonly open: Counter;
	readonly informationAge: Counter;
}

export interface StreamMetricsOptions {
	readonly registry: MetricsRegistry;
	readonly clock: Clock;
	/** That are there from the first scrape on. */
	readonly sources: readonly string[];
	readonly openStreams: () => readonly SensorStream[];
}

const US_IN_S = 1e6;
const REASONS = Object.keys(FRAME_REASONS) as FrameReason[];

export class StreamMetrics implements StreamObserver {
	readonly #registry: MetricsRegistry;
	readonly #clock: Clock;
	readonly #openStreams: () => readonly SensorStream[];
	readonly #series = new Map<string, Series>();
	/** When that was measured which a stream's newest information rests on. */
	readonly #newestUs = new WeakMap<SensorStream, number>();

	constructor(options: StreamMetricsOptions) {
		this.#registry = options.registry;
		this.#clock = options.clock;
		this.#openStreams = options.openStreams;
		for (const source of options.sources) this.#of(source);
		this.#registry.onCollect(() => this.#collect());
	}

	frameEnded(stream: SensorStream, frame: FrameOutcome): void {
		const series = this.#of(stream.pipelineName);
		series.outcomes[frame.outcome].add();
		if (frame.reason !== null) series.drops[frame.reason].add();
		if (frame.outcome !== "RESULT") return;
		series.age.record((frame.finishedUs - frame.measuredUs) / US_IN_S);
		if (!isInformation(frame)) return;
		this.#spent(stream.pipelineName, series, frame);
		this.#informed(stream, series, frame);
	}

	streamEnded(): void {}

	/** Where the time of a frame went, and how much of its budget that was. */
	#spent(source: string, series: Series, frame: FrameOutcome): void {
		const { measuredUs, receivedUs, startedUs, finishedUs } = frame;
		const budgetUs = frame.deadlineUs - measuredUs;
		const hasBudget = budgetUs > 0 && budgetUs < Number.POSITIVE_INFINITY;
		const add = (name: string, us: number) => {
			// Clocks of sensors are estimated: a reading may come a little before its time.
			const spentUs = Math.max(0, us);
			const stage = series.stages.get(name) ?? this.#stage(source, name);
			stage.duration.record(spentUs / US_IN_S);
			if (hasBudget) stage.budget.record(spentUs / budgetUs);
		};
		add("receive", receivedUs - measuredUs);
		add("queue", startedUs - receivedUs);
		for (const { name, beginUs, endUs } of stagesOf(frame))
			add(name, endUs - beginUs);
		if (hasBudget)
			series.wholeBudget.record((finishedUs - measuredUs) / budgetUs);
	}

	#informed(
		stream: SensorStream,
		series: Series,
		{ measuredUs, finishedUs }: FrameOutcome,
	): void {
		const before = this.#newestUs.get(stream);
		if (before !== undefined && measuredUs <= before) return;
		this.#newestUs.set(stream, measuredUs);
		if (before !== undefined)
			series.peakAge.record((finishedUs - before) / US_IN_S);
	}

	#collect(): void {
		const nowUs = this.#clock.nowUs();
		for (const { open, informationAge } of this.#series.values()) {
			open.value = 0;
			informationAge.value = 0;
		}
		for (const stream of this.#openStreams()) {
			const { open, informationAge } = this.#of(stream.pipelineName);
			open.add();
			const newestUs = this.#newestUs.get(stream) ?? nowUs;
			const ageS = (nowUs - newestUs) / US_IN_S;
			informationAge.value = Math.max(informationAge.value, ageS);
		}
	}

	#of(source: string): Series {
		const known = this.#series.get(source);
		if (known !== undefined) return known;
		const registry = this.#registry;
		const byReason = REASONS.map((reason) => [
			reason,
			registry.counter(INSTRUMENTS.frameDrops, [source, reason]),
		]);
		const byOutcome = OUTCOMES.map((outcome) => [
			outcome,
			registry.counter(INSTRUMENTS.frameOutcomes, [source, outcome]),
		]);
		const series: Series = {
			outcomes: Object.fromEntries(byOutcome) as Record<Outcome, Counter>,
			drops: Object.fromEntries(byReason) as Record<FrameReason, Counter>,
			age: registry.histogram(INSTRUMENTS.frameAge, [source]),
			peakAge: registry.histogram(INSTRUMENTS.informationPeakAge, [source]),
			wholeBudget: registry.histogram(INSTRUMENTS.frameBudget, [source, "all"]),
			stages: new Map(),
			open: registry.counter(INSTRUMENTS.openStreams, [source]),
			informationAge: registry.counter(INSTRUMENTS.informationAge, [source]),
		};
		this.#series.set(source, series);
		for (const stage of ["receive", "queue"]) this.#stage(source, stage);
		return series;
	}

	#stage(source: string, name: string): Stage {
		const labels = [source, name];
		const stage = {
			duration: this.#registry.histogram(INSTRUMENTS.frameStage, labels),
			budget: this.#registry.histogram(INSTRUMENTS.frameBudget, labels),
		};
		this.#series.get(source)?.stages.set(name, stage);
		return stage;
	}
}

/** Readings that are only taken in end with a result, too: a later one rests on them. */
function isInformation({ result }: FrameOutcome): boolean {
	return (
		result !== null && (result.decision !== null || result.outputs.length > 0)
	);
}

function stagesOf({ result }: FrameOutcome): readonly StageSpan[] {
	return result?.stages ?? [];
}

/** One behind the other. @param second null: there is none */
export function bothObservers(
	first: StreamObserver,
	second: StreamObserver | null,
): StreamObserver {
	if (second === null) return first;
	return {
		frameEnded: (stream, outcome) => {
			first.frameEnded(stream, outcome);
			second.frameEnded(stream, outcome);
		},
		streamEnded: (stream) => {
			first.streamEnded(stream);
			second.streamEnded(stream);
		},
	};
}
