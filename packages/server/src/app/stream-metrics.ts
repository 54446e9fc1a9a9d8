// Frames as metrics, by pipeline: names that the server itself knows, never those of devices.
import { OUTCOMES, type Outcome } from "@saccade/protocol";
import type { FrameOutcome, SensorStream } from "../streams/stream.ts";
import type { StreamObserver } from "../streams/telemetry-stream.ts";
import { INSTRUMENTS } from "../telemetry/instruments.ts";
import type {
	Counter,
	Histogram,
	MetricsRegistry,
} from "../telemetry/registry.ts";

interface Series {
	readonly outcomes: Readonly<Record<Outcome, Counter>>;
	readonly age: Histogram;
}

export class StreamMetrics implements StreamObserver {
	readonly #registry: MetricsRegistry;
	readonly #series = new Map<string, Series>();

	/** @param sources that are there from the first scrape on */
	constructor(registry: MetricsRegistry, sources: readonly string[]) {
		this.#registry = registry;
		for (const source of sources) this.#add(source);
	}

	frameEnded({ pipelineName }: SensorStream, frame: FrameOutcome): void {
		const series = this.#series.get(pipelineName) ?? this.#add(pipelineName);
		series.outcomes[frame.outcome].add();
		if (frame.outcome === "RESULT")
			series.age.record((frame.finishedUs - frame.measuredUs) / 1e6);
	}

	streamEnded(): void {}

	#add(source: string): Series {
		const outcomes = Object.fromEntries(
			OUTCOMES.map((outcome) => [
				outcome,
				this.#registry.counter(INSTRUMENTS.frameOutcomes, [source, outcome]),
			]),
		) as Record<Outcome, Counter>;
		const age = this.#registry.histogram(INSTRUMENTS.frameAge, [source]);
		const series = { outcomes, age };
		this.#series.set(source, series);
		return series;
	}
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
