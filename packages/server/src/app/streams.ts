// Sensor streams, with the pipelines that they may name and everybody who watches them.
import type { Clock } from "../common/clock.ts";
import { createCameraPipeline } from "../pipelines/camera-pipeline.ts";
import { createCatalogue } from "../pipelines/catalogue.ts";
import type { DeclaredPipelines } from "../pipelines/declared-pipelines.ts";
import type { ModelRunner } from "../pipelines/model-runner.ts";
import { createScalarPipeline } from "../pipelines/scalar-pipeline.ts";
import type { Journal } from "../streams/journal.ts";
import { StreamSet } from "../streams/stream-set.ts";
import type {
	FrameTracer,
	StreamObserver,
} from "../streams/telemetry-stream.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { MetricsRegistry } from "../telemetry/registry.ts";
import { bothObservers, StreamMetrics } from "./metrics/stream-metrics.ts";

export interface StreamsOptions {
	readonly clock: Clock;
	readonly pipelines: DeclaredPipelines;
	readonly modelRunner: ModelRunner;
	readonly hostOffsetUs: number;
	readonly journal: Journal;
	readonly tracer: FrameTracer | null;
	/** Told in this order, and metrics after them. */
	readonly watchers: readonly [StreamObserver, ...StreamObserver[]];
	/** Null: there are none. */
	readonly metrics: MetricsRegistry | null;
	readonly log: Logger;
}

const BUILT_IN = ["scalar", "camera"];

/** Of all that a stream may name. */
export function pipelineNames({ pipelines }: DeclaredPipelines): string[] {
	return [...BUILT_IN, ...pipelines.map(({ name }) => name)];
}

export function createStreams(options: StreamsOptions): StreamSet {
	const { clock, pipelines, modelRunner, metrics, log } = options;
	const watched = options.watchers.reduce(bothObservers);
	const counted =
		metrics === null
			? null
			: new StreamMetrics({
					registry: metrics,
					clock,
					sources: pipelineNames(pipelines),
					openStreams: () => streams.streams,
				});
	const streams = new StreamSet({
		clock,
		catalogue: createCatalogue(
			[
				createScalarPipeline(),
				createCameraPipeline(modelRunner),
				...pipelines.pipelines,
			],
			modelRunner,
		),
		hostOffsetUs: options.hostOffsetUs,
		journal: options.journal,
		tracer: options.tracer,
		observer: bothObservers(watched, counted),
		onSensorEvent: ({ kind, deviceId, detail }) =>
			log.info({ sensor: deviceId, event: kind }, detail),
	});
	return streams;
}
