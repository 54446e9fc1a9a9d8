// What can be seen of the server from outside: metrics, Foxglove viewers, traces.
import {
	boolean,
	filledText,
	oneOf,
	share,
	text,
} from "../../common/readers.ts";
import type { OtlpProtocol } from "../../telemetry/otlp/otlp-settings.ts";
import { list, option, port } from "./option.ts";

export const OBSERVABILITY_OPTIONS = {
	allowMetrics: option({
		flag: "allow-metrics",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning: "Serve Prometheus metrics.",
		reason: "Triton's default.",
	}),
	metricsAddress: option({
		flag: "metrics-address",
		read: filledText,
		default: "127.0.0.1",
		strictDefault: "0.0.0.0",
		unit: "address",
		meaning: "Where metrics are served.",
		reason: "Loopback, as for HTTP.",
	}),
	metricsPort: option({
		flag: "metrics-port",
		read: port,
		default: 8002,
		unit: "port; 0: any free",
		meaning: "Metrics port.",
		reason: "Triton's default.",
	}),
	foxglove: option({
		flag: "foxglove",
		read: boolean,
		default: false,
		unit: "boolean",
		meaning:
			"Serve Foxglove viewers: pictures, clouds, tracks, decisions and diagnostics of sensor streams, live (docs/observability.md). Not with --fronts.",
		reason: "Off: who may look at what sensors see is a decision.",
	}),
	foxgloveAddress: option({
		flag: "foxglove-address",
		read: filledText,
		default: "127.0.0.1",
		unit: "address",
		meaning: "Where viewers connect to.",
		reason: "Loopback, as for HTTP.",
	}),
	foxglovePort: option({
		flag: "foxglove-port",
		read: port,
		default: 8765,
		unit: "port; 0: any free",
		meaning: "Port of Foxglove viewers.",
		reason: "Where Foxglove looks for one.",
	}),
	traceStore: option({
		flag: "trace-store",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning:
			"Keep the slowest and the missed requests and frames, and those that were traced, in memory for `saccade explain` (docs/observability.md).",
		reason:
			"What went wrong can be asked for afterwards; a few comparisons a request, and at most 200 records a second are made of those that nobody asked for.",
	}),
	traceSampleRatio: option({
		flag: "trace-sample-ratio",
		read: share,
		default: 0.01,
		unit: "0 to 1",
		meaning:
			"Share of the requests and frames that are traced when the caller does not say: a `traceparent` with the sampled flag always is, one without it never; a missed deadline is in any case. Unless it is given, 0 where no traces are sent.",
		reason:
			"Enough to see how time is spent; 1 traces everything. What it costs is in docs/decisions/0017-exporting-telemetry.md.",
	}),
	otlpEndpoint: option({
		flag: "otlp-endpoint",
		read: text,
		default: "",
		unit: "URL",
		meaning:
			"Collector that traces, metrics and logs are sent to over OTLP, as `http://127.0.0.1:4318`. Empty: as OpenTelemetry's own variables say (`OTEL_EXPORTER_OTLP_ENDPOINT`, …; docs/observability.md), else nothing is sent.",
		reason: "Telemetry leaves the machine only where it was told to.",
	}),
	otlpProtocol: option<OtlpProtocol>({
		flag: "otlp-protocol",
		read: oneOf("http/protobuf", "grpc"),
		default: "http/protobuf",
		unit: "http/protobuf | grpc",
		meaning:
			"How it is sent, where `OTEL_EXPORTER_OTLP_PROTOCOL` does not say otherwise.",
		reason: "OpenTelemetry's default.",
	}),
	traceConfig: option({
		flag: "trace-config",
		read: list,
		default: [],
		unit: "[mode,]setting=value, repeatable",
		meaning:
			"Triton's form: `rate=N` traces one of N, `level=OFF` none but those whose caller asks; `mode=opentelemetry`, `opentelemetry,url=…` and `opentelemetry,resource=key=value` say where traces go.",
		reason: "Triton's option; the others above say the same.",
	}),
} as const;
