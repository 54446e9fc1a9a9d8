// The use cases of a server, each behind its interface: what endpoints call.
import type { ServerOptions } from "../config/options.ts";
import { RegistryHealthService } from "../service/health-service.ts";
import type { InferenceService } from "../service/inference.ts";
import type { MetadataService, Services } from "../service/services.ts";
import { MemorySettings } from "../service/settings.ts";
import { createStreamService } from "../service/stream-service.ts";
import { createTraceService } from "../service/trace-service.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { SamplingChange } from "../telemetry/tracing/model-sampling.ts";
import type { Console } from "./console.ts";
import { logLevel } from "./log-level.ts";
import type { ServerModels } from "./models.ts";
import type { Streaming } from "./streaming.ts";
import type { ServerTelemetry } from "./telemetry.ts";
import { traceSettings } from "./tracing/tracing.ts";

/** From the first load to the last release. */
export type Phase = "starting" | "serving" | "draining" | "closed";

export interface ServiceParts {
	readonly models: ServerModels;
	readonly streaming: Streaming;
	readonly telemetry: ServerTelemetry;
	readonly inference: InferenceService;
	readonly metadata: MetadataService;
	readonly console: Console;
	readonly phase: () => Phase;
	/** Told to threads that sample requests. */
	readonly onSampling: (change: SamplingChange) => void;
	readonly log: Logger;
}

export function createServices(
	options: ServerOptions,
	parts: ServiceParts,
): Services {
	const { models, streaming, telemetry, console, phase, onSampling, log } =
		parts;
	const { tracing, requestTracing } = telemetry;
	return {
		inference: parts.inference,
		streams: createStreamService(streaming.streams, streaming.journal),
		recordings: streaming.recordings,
		metadata: parts.metadata,
		pipelines: { explain: () => streaming.pipelines.explain() },
		traces: createTraceService(
			options.traceStore ? (tracing?.store ?? null) : null,
		),
		console,
		repository: models.repository,
		health: new RegistryHealthService(
			models.registry,
			{
				get isServing() {
					return phase() === "serving";
				},
				get isDraining() {
					return phase() === "draining";
				},
			},
			// Where models load when they are asked for, none should serve before.
			options.strictReadiness && !options.loadOnDemand,
		),
		settings: new MemorySettings({
			trace: traceSettings(options),
			tracing:
				tracing?.sampling(requestTracing?.sampler ?? null, onSampling) ?? null,
			modelExists: (name) => models.registry.records(name) !== null,
			onLogging: (settings) =>
				log.setLevel(
					logLevel(
						Number(settings.get("log_verbose_level")),
						settings.get("log_info") === true,
					),
				),
		}),
	};
}
