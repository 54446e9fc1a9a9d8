// A collector that keeps what it is sent: the services of OpenTelemetry's own protocol files, over gRPC on our server and
// over HTTP on Node's.
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import {
	create,
	type DescMessage,
	fromBinary,
	type MessageShape,
	toBinary,
} from "@bufbuild/protobuf";
import { createGrpcServer, unaryMethod } from "@saccade/grpc";
import * as logsPb from "@saccade/protocol/gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import * as metricsPb from "@saccade/protocol/gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import * as tracePb from "@saccade/protocol/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import type { AnyValue } from "@saccade/protocol/gen/opentelemetry/proto/common/v1/common_pb.js";
import type { LogRecord } from "@saccade/protocol/gen/opentelemetry/proto/logs/v1/logs_pb.js";
import type { Metric } from "@saccade/protocol/gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import type { Span } from "@saccade/protocol/gen/opentelemetry/proto/trace/v1/trace_pb.js";

/** What it does with a request over HTTP: takes it, refuses it with a status, or never answers. */
export type Behaviour = "take" | "hang" | number;

export class OtlpCollector {
	readonly spans: Span[] = [];
	readonly logs: LogRecord[] = [];
	/** The newest push. */
	metrics: readonly Metric[] = [];
	metricsCount = 0;
	/** Of the last request. */
	resource: Readonly<Record<string, unknown>> = {};
	headers: http.IncomingHttpHeaders = {};
	requestCount = 0;
	behaviour: Behaviour = "take";
	#stop: () => Promise<void> = async () => {};

	/** @returns `http://host:port` @param port 0: any free one */
	async listenHttp(port = 0): Promise<string> {
		const server = http.createServer((request, response) => {
			this.requestCount++;
			this.headers = request.headers;
			const chunks: Buffer[] = [];
			request.on("data", (chunk: Buffer) => chunks.push(chunk));
			request.on("end", () => {
				if (this.behaviour === "hang") return;
				if (typeof this.behaviour === "number") {
					response.writeHead(this.behaviour).end();
					return;
				}
				const body = Buffer.concat(chunks);
				const isZipped = request.headers["content-encoding"] === "gzip";
				const answer = this.#take(
					request.url ?? "",
					isZipped ? gunzipSync(body) : body,
				);
				response.writeHead(answer === null ? 404 : 200, {
					"content-type": "application/x-protobuf",
				});
				response.end(answer);
			});
		});
		server.listen(port, "127.0.0.1");
		await once(server, "listening");
		this.#stop = async () => {
			server.closeAllConnections();
			server.close();
			await once(server, "close");
		};
		const address = server.address() as AddressInfo;
		return `http://127.0.0.1:${address.port}`;
	}

	/** @returns `http://host:port` */
	async listenGrpc(): Promise<string> {
		const bytes = {
			decode: (given: Uint8Array) => new Uint8Array(given),
			encode: (given: Uint8Array) => given,
		};
		const service = (signal: string, name: string) =>
			[
				`/opentelemetry.proto.collector.${signal}.v1.${name}/Export`,
				unaryMethod<Uint8Array, Uint8Array>({
					...bytes,
					handle: async (request) => {
						this.requestCount++;
						return this.#take(`/v1/${signal}`, request) ?? new Uint8Array(0);
					},
				}),
			] as const;
		const server = createGrpcServer({
			methods: new Map([
				service("trace", "TraceService"),
				service("metrics", "MetricsService"),
				service("logs", "LogsService"),
			]),
		});
		const address = await server.listen({ host: "127.0.0.1", port: 0 });
		this.#stop = () => server.close(0);
		return `http://127.0.0.1:${(address as AddressInfo).port}`;
	}

	close(): Promise<void> {
		return this.#stop();
	}

	span(name: string): Span | undefined {
		return this.spans.find((span) => span.name === name);
	}

	metric(name: string): Metric | undefined {
		return this.metrics.find((metric) => metric.name === name);
	}

	/** Null: no such path. */
	#take(path: string, body: Uint8Array): Uint8Array | null {
		switch (path) {
			case "/v1/trace":
			case "/v1/traces": {
				const schema = tracePb.ExportTraceServiceRequestSchema;
				for (const one of fromBinary(schema, body).resourceSpans) {
					this.resource = attributesOf(one.resource?.attributes ?? []);
					for (const { spans } of one.scopeSpans) this.spans.push(...spans);
				}
				return empty(tracePb.ExportTraceServiceResponseSchema);
			}
			case "/v1/metrics": {
				const schema = metricsPb.ExportMetricsServiceRequestSchema;
				for (const one of fromBinary(schema, body).resourceMetrics) {
					this.resource = attributesOf(one.resource?.attributes ?? []);
					this.metrics = one.scopeMetrics.flatMap(({ metrics }) => metrics);
				}
				this.metricsCount++;
				return empty(metricsPb.ExportMetricsServiceResponseSchema);
			}
			case "/v1/logs": {
				const schema = logsPb.ExportLogsServiceRequestSchema;
				for (const one of fromBinary(schema, body).resourceLogs) {
					this.resource = attributesOf(one.resource?.attributes ?? []);
					for (const { logRecords } of one.scopeLogs)
						this.logs.push(...logRecords);
				}
				return empty(logsPb.ExportLogsServiceResponseSchema);
			}
			default:
				return null;
		}
	}
}

function empty<D extends DescMessage>(schema: D): Uint8Array {
	return toBinary(schema, create(schema) as MessageShape<D>);
}

export function attributesOf(
	attributes: readonly {
		readonly key: string;
		readonly value?: AnyValue | undefined;
	}[],
): Record<string, unknown> {
	return Object.fromEntries(
		attributes.map(({ key, value }) => [key, value?.value.value]),
	);
}

export const hex = (bytes: Uint8Array): string =>
	Buffer.from(bytes).toString("hex");
