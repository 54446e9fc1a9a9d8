// The thread that exports: everything of OpenTelemetry's is loaded and run here, off the event loop that serves. It has
// one batch of each signal at most, and says what became of it before it gets the next.
import { parentPort, workerData } from "node:worker_threads";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import {
	LogsExporterMetricsHelper,
	MetricsExporterMetricsHelper,
	ProtobufLogsSerializer,
	ProtobufTraceSerializer,
} from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
	AggregationTemporality,
	type CollectionResult,
	MeterProvider,
	type MetricProducer,
	PeriodicExportingMetricReader,
	type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { lowerThreadPriority } from "../../common/lower-thread-priority.ts";
import type { LogLine } from "../logger.ts";
import { createExporter } from "./exporters.ts";
import { logRecord } from "./log-records.ts";
import { metricData } from "./metric-data.ts";
import { metricsSerializer } from "./metrics-serializer.ts";
import type {
	FromOtlpThread,
	MetricPart,
	OtlpThreadData,
	ToOtlpThread,
} from "./otlp-messages.ts";
import type { Signal } from "./otlp-settings.ts";
import { traceRequest } from "./span-encoder.ts";
import type { SpanBatch } from "./span-queue.ts";

const NICE = 10;
// Whoever waits for an answer goes first.
lowerThreadPriority(NICE);

const { settings, scope, startUnixUs } = workerData as OtlpThreadData;
const { targets, timeoutMs, metricsEveryMs } = settings;
const attributes = {
	...settings.resource,
	"telemetry.sdk.language": "nodejs",
	"telemetry.sdk.name": "opentelemetry",
};
const resource = resourceFromAttributes(attributes);

function tell(message: FromOtlpThread): void {
	parentPort?.postMessage(message);
}

interface Exporting<Items> {
	export(items: Items, done: (result: ExportResult) => void): void;
	forceFlush(): Promise<void>;
	shutdown(): Promise<void>;
}

const traces =
	targets.traces === null
		? null
		: await createExporter("traces", targets.traces, timeoutMs, {
				serializer: {
					serializeRequest: ({ memory, byteLength }: SpanBatch) =>
						traceRequest({ resource: attributes, scope }, memory, byteLength),
					deserializeResponse: ProtobufTraceSerializer.deserializeResponse,
				},
				counts: { name: "span", countItems: ({ count }) => count },
			});
const logs =
	targets.logs === null
		? null
		: await createExporter("logs", targets.logs, timeoutMs, {
				serializer: ProtobufLogsSerializer,
				counts: LogsExporterMetricsHelper,
			});
const metrics =
	targets.metrics === null
		? null
		: createMetrics(
				await createExporter("metrics", targets.metrics, timeoutMs, {
					serializer: metricsSerializer,
					counts: MetricsExporterMetricsHelper,
				}),
			);

/** What the server says when it is asked for its metrics. */
let parts: MetricPart[] = [];
let collected: ((parts: readonly MetricPart[]) => void) | null = null;

/** The registry of the server, as a producer of metrics beside those of the SDK, of which there are none. */
function createMetrics(exporter: Exporting<ResourceMetrics>): MeterProvider {
	const producer: MetricProducer = {
		collect: async (): Promise<CollectionResult> => {
			const given = await new Promise<readonly MetricPart[]>((resolve) => {
				parts = [];
				collected = resolve;
				tell({ kind: "collect" });
			});
			const nowUnixUs = Date.now() * 1000;
			const times = { startUnixUs, nowUnixUs };
			return {
				resourceMetrics: {
					resource,
					scopeMetrics: [
						{ scope, metrics: given.map((part) => metricData(part, times)) },
					],
				},
				errors: [],
			};
		},
	};
	const reader = new PeriodicExportingMetricReader({
		exportIntervalMillis: metricsEveryMs,
		exportTimeoutMillis: Math.min(timeoutMs, metricsEveryMs),
		metricProducers: [producer],
		exporter: {
			export: (items, done) =>
				exporter.export(items, (result) => {
					report("metrics", countOf(items), result);
					done(result);
				}),
			forceFlush: () => exporter.forceFlush(),
			shutdown: () => exporter.shutdown(),
			selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
		},
	});
	return new MeterProvider({ resource, readers: [reader] });
}

function countOf({ scopeMetrics }: ResourceMetrics): number {
	let count = 0;
	for (const scoped of scopeMetrics)
		for (const { dataPoints } of scoped.metrics) count += dataPoints.length;
	return count;
}

function report(signal: Signal, count: number, result: ExportResult): void {
	const problem =
		result.code === ExportResultCode.SUCCESS
			? null
			: (result.error?.message ?? "the collector did not take it");
	tell({ kind: "done", signal, count, problem });
}

function send<Items>(
	signal: Signal,
	exporter: Exporting<Items> | null,
	count: number,
	items: () => Items,
): void {
	try {
		exporter?.export(items(), (result) => report(signal, count, result));
	} catch (error) {
		const failure = { code: ExportResultCode.FAILED, error: error as Error };
		report(signal, count, failure);
	}
}

/** What is under way first, then the metrics once more. */
async function end(): Promise<void> {
	await Promise.allSettled([
		traces?.shutdown(),
		logs?.shutdown(),
		metrics?.shutdown(),
	]);
	tell({ kind: "ended" });
	parentPort?.close();
}

parentPort?.on("message", (message: ToOtlpThread) => {
	switch (message.kind) {
		case "traces":
			send("traces", traces, message.count, () => message);
			return;
		case "logs":
			send("logs", logs, message.count, () =>
				(JSON.parse(message.json) as LogLine[]).map((line) =>
					logRecord(line, resource, scope),
				),
			);
			return;
		case "metrics":
			parts.push(...message.parts);
			if (!message.isLast) return;
			collected?.(joined(parts));
			collected = null;
			return;
		case "end":
			void end();
	}
});

/** Parts of one name become one metric. */
function joined(given: readonly MetricPart[]): readonly MetricPart[] {
	const byName = new Map<string, MetricPart>();
	for (const part of given) {
		const known = byName.get(part.name);
		byName.set(
			part.name,
			known === undefined
				? part
				: { ...known, points: [...known.points, ...part.points] },
		);
	}
	return [...byName.values()];
}
