// What frames of sensors go through in a server, and who sees them: pipelines, streams, recordings, Foxglove viewers.
import type { Clock } from "../common/clock.ts";
import { offsetToSharedUs } from "../common/shared-clock.ts";
import type { ServerOptions } from "../config/options.ts";
import type { ModelRegistry } from "../models/model-registry.ts";
import { bundledPipelines } from "../pipelines/bundled/bundled-pipelines.ts";
import { DeclaredPipelines } from "../pipelines/declared-pipelines.ts";
import type { ModelRunner } from "../pipelines/model-runner.ts";
import type { ConsoleTaps } from "../service/console/console-taps.ts";
import { Journal } from "../streams/journal.ts";
import { journaledRunner } from "../streams/journaled-runner.ts";
import { journaledThreads } from "../streams/journaled-threads.ts";
import type { StreamSet } from "../streams/stream-set.ts";
import type { Logger } from "../telemetry/logger.ts";
import { Foxglove } from "./foxglove/foxglove.ts";
import { collectFoxgloveMetrics } from "./foxglove/metrics.ts";
import { collectRecordingMetrics } from "./metrics/recording-metrics.ts";
import { Recordings } from "./recordings.ts";
import { recordingsFolder } from "./state-folder.ts";
import { createStreams, pipelineNames } from "./streams.ts";
import type { ServerTelemetry } from "./telemetry.ts";
import { VERSION } from "./version.ts";

export interface StreamingContext {
	readonly clock: Clock;
	readonly registry: ModelRegistry;
	/** What pipelines run models with. */
	readonly modelRunner: ModelRunner;
	readonly telemetry: ServerTelemetry;
	readonly taps: ConsoleTaps;
	readonly log: Logger;
}

export interface Streaming {
	readonly pipelines: DeclaredPipelines;
	readonly streams: StreamSet;
	/** What streams learn from outside, for whoever plays it again. */
	readonly journal: Journal;
	readonly recordings: Recordings;
	/** Null: no viewer may look. */
	readonly foxglove: Foxglove | null;
}

export function createStreaming(
	options: ServerOptions,
	context: StreamingContext,
): Streaming {
	const { clock, registry, telemetry, taps, log } = context;
	const { metrics, tracing } = telemetry;
	const journal = new Journal();
	const hostOffsetUs = offsetToSharedUs(clock);
	const recordings = new Recordings({
		clock,
		journal,
		folder: recordingsFolder(options.stateDir),
		maxBytes: options.recordMaxBytes,
		hostOffsetUs,
		server: `saccade ${VERSION}`,
		openStreams: () => streams.streams,
		log,
	});
	const modelRunner = journaledRunner(context.modelRunner, journal);
	const pipelines = new DeclaredPipelines({
		definitions: options.pipelines,
		bundled: bundledPipelines(),
		wrapThreads: journaledThreads(journal),
		stepFiles: options.stepFiles,
		runner: modelRunner,
		clock,
		log: {
			info: (text) => log.info({}, text),
			warn: (text) => log.warn({}, text),
		},
	});
	const foxglove = options.foxglove
		? new Foxglove({
				options,
				server: `${options.serverName} ${VERSION}`,
				streams: () => streams,
				models: () =>
					registry
						.serving()
						.map((model) => `${model.config.name}/${model.versionText}`),
				pipelines: () => pipelineNames(pipelines),
			})
		: null;
	if (metrics !== null) {
		collectRecordingMetrics(metrics, recordings);
		collectFoxgloveMetrics(metrics, foxglove);
	}
	const streams: StreamSet = createStreams({
		clock,
		pipelines,
		modelRunner,
		hostOffsetUs,
		journal,
		metrics,
		tracer: tracing?.frames ?? null,
		watchers: [
			recordings.observer,
			...(foxglove === null ? [] : [foxglove.observer]),
			taps,
		],
		log,
	});
	return { pipelines, streams, journal, recordings, foxglove };
}
