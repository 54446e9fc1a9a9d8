// The official exporters of OpenTelemetry, put together from their parts: transport (repetition, time limits,
// compression, certificates and headers as OTEL_EXPORTER_OTLP_* say) and serializer. What speaks gRPC is loaded only
// where it is asked for.
import type {
	OTLPExporterBase as Base,
	IOtlpExportDelegate,
} from "@opentelemetry/otlp-exporter-base";
import type {
	IExporterMetricsHelper,
	ISerializer,
} from "@opentelemetry/otlp-transformer";
import type { OtlpTarget, Signal } from "./otlp-settings.ts";

export interface Encoding<Items, Response> {
	readonly serializer: ISerializer<Items, Response>;
	readonly counts: IExporterMetricsHelper<Items>;
}

const GRPC_SERVICE: Readonly<Record<Signal, readonly [string, string]>> = {
	traces: [
		"TraceExportService",
		"/opentelemetry.proto.collector.trace.v1.TraceService/Export",
	],
	metrics: [
		"MetricsExportService",
		"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
	],
	logs: [
		"LogsExportService",
		"/opentelemetry.proto.collector.logs.v1.LogsService/Export",
	],
};

export async function createExporter<Items, Response>(
	signal: Signal,
	target: OtlpTarget,
	timeoutMillis: number,
	{ serializer, counts }: Encoding<Items, Response>,
): Promise<Base<Items>> {
	const { OTLPExporterBase } = await import(
		"@opentelemetry/otlp-exporter-base"
	);
	const options = { url: target.url, timeoutMillis, concurrencyLimit: 1 };
	let delegate: IOtlpExportDelegate<Items>;
	if (target.protocol === "grpc") {
		const { convertLegacyOtlpGrpcOptions, createOtlpGrpcExportDelegate } =
			await import("@opentelemetry/otlp-grpc-exporter-base");
		delegate = createOtlpGrpcExportDelegate(
			convertLegacyOtlpGrpcOptions(options, signal.toUpperCase()),
			serializer,
			`otlp_grpc_${signal}_exporter`,
			counts,
			undefined,
			...GRPC_SERVICE[signal],
		);
	} else {
		const { convertLegacyHttpOptions, createOtlpHttpExportDelegate } =
			await import("@opentelemetry/otlp-exporter-base/node-http");
		delegate = createOtlpHttpExportDelegate(
			convertLegacyHttpOptions(options, signal.toUpperCase(), `v1/${signal}`, {
				"Content-Type": "application/x-protobuf",
			}),
			serializer,
			`otlp_http_${signal}_exporter`,
			counts,
			undefined,
		);
	}
	return new OTLPExporterBase(delegate);
}
