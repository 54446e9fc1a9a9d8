// What tells of a server from within: metrics and their port, traces, and the export of both.
import type { Clock } from "../common/clock.ts";
import type { ServerOptions } from "../config/options.ts";
import type { TracingOptions } from "../endpoint/tracing.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { OtlpExport } from "../telemetry/otlp/otlp-export.ts";
import { MetricsRegistry } from "../telemetry/registry.ts";
import {
	createMetricsTransport,
	type MetricsTransport,
} from "../transport/metrics/server.ts";
import { metricsFormats } from "./metrics/metrics-formats.ts";
import {
	collectTelemetryMetrics,
	createOtlpExport,
	exportOf,
} from "./tracing/otlp.ts";
import { createTracing, isTraced, Tracing } from "./tracing/tracing.ts";

export interface ServerTelemetry {
	/** Null: there are none. */
	readonly metrics: MetricsRegistry | null;
	/** Null: nobody may read them. */
	readonly metricsPort: MetricsTransport | null;
	/** Null: nothing is sent. */
	readonly otlp: OtlpExport | null;
	/** Null: nobody explains, and nobody exports. */
	readonly tracing: Tracing | null;
	/** Of requests that this thread reads itself; null: nobody traces. */
	readonly requestTracing: TracingOptions | null;
}

export function createTelemetry(
	options: ServerOptions,
	clock: Clock,
	log: Logger,
): ServerTelemetry {
	const metrics = options.allowMetrics ? new MetricsRegistry() : null;
	const otlp = createOtlpExport(options.otlp, metrics, log);
	const tracing = isTraced(options)
		? new Tracing({
				clock,
				metrics,
				ratio: options.traceSampleRatio,
				keeps: options.traceStore,
				log,
				export: exportOf(otlp, options.otlp),
			})
		: null;
	if (metrics !== null) collectTelemetryMetrics(metrics, otlp, tracing);
	return {
		metrics,
		metricsPort:
			metrics === null ? null : createMetricsTransport(metricsFormats(metrics)),
		otlp,
		tracing,
		requestTracing: createTracing(options, clock),
	};
}
