// Metrics as OTLP's protobuf, with exemplars: the official serializer of JavaScript writes none.
// https://github.com/open-telemetry/opentelemetry-proto/blob/v1.11.0/opentelemetry/proto/metrics/v1/metrics.proto

import type { MessageInitShape } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { HrTime } from "@opentelemetry/api";
import type {
	IExportMetricsServiceResponse,
	ISerializer,
} from "@opentelemetry/otlp-transformer";
import {
	DataPointType,
	type MetricData,
	type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import {
	ExportMetricsServiceRequestSchema,
	ExportMetricsServiceResponseSchema,
} from "@saccade/protocol/gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import {
	AggregationTemporality,
	type MetricSchema,
} from "@saccade/protocol/gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import type { HistogramWithExemplars } from "./metric-data.ts";
import type { ExemplarPoint } from "./otlp-messages.ts";

export const metricsSerializer: ISerializer<
	ResourceMetrics,
	IExportMetricsServiceResponse
> = {
	serializeRequest: ({ resource, scopeMetrics }) =>
		toBinary(
			ExportMetricsServiceRequestSchema,
			create(ExportMetricsServiceRequestSchema, {
				resourceMetrics: [
					{
						resource: { attributes: attributesOf(resource.attributes) },
						scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({
							scope: { name: scope.name, version: scope.version ?? "" },
							metrics: metrics.map(metricOf),
						})),
					},
				],
			}),
		),
	deserializeResponse: (bytes) => {
		const { partialSuccess } = fromBinary(
			ExportMetricsServiceResponseSchema,
			bytes,
		);
		if (partialSuccess === undefined) return {};
		return {
			partialSuccess: {
				errorMessage: partialSuccess.errorMessage,
				rejectedDataPoints: Number(partialSuccess.rejectedDataPoints),
			},
		};
	},
};

type MetricInit = MessageInitShape<typeof MetricSchema>;

function metricOf(metric: MetricData): MetricInit {
	const { name, description, unit } = metric.descriptor;
	const aggregationTemporality = AggregationTemporality.CUMULATIVE;
	const about = { name, description, unit };
	switch (metric.dataPointType) {
		case DataPointType.SUM:
			return {
				...about,
				data: {
					case: "sum",
					value: {
						aggregationTemporality,
						isMonotonic: metric.isMonotonic,
						dataPoints: metric.dataPoints.map(numberOf),
					},
				},
			};
		case DataPointType.GAUGE:
			return {
				...about,
				data: {
					case: "gauge",
					value: { dataPoints: metric.dataPoints.map(numberOf) },
				},
			};
		case DataPointType.HISTOGRAM:
			return {
				...about,
				data: {
					case: "histogram",
					value: {
						aggregationTemporality,
						dataPoints: metric.dataPoints.map((point) => {
							const value = point.value as HistogramWithExemplars;
							return {
								...timesOf(point),
								count: BigInt(value.count),
								...(value.sum !== undefined && { sum: value.sum }),
								explicitBounds: value.buckets.boundaries,
								bucketCounts: value.buckets.counts.map(BigInt),
								exemplars: (value.exemplars ?? []).map(exemplarOf),
							};
						}),
					},
				},
			};
		case DataPointType.EXPONENTIAL_HISTOGRAM:
			throw new RangeError(`${name}: the registry has no such histograms`);
	}
}

interface Point {
	readonly startTime: HrTime;
	readonly endTime: HrTime;
	readonly attributes: Readonly<Record<string, unknown>>;
}

function numberOf(point: Point & { readonly value: number }) {
	return {
		...timesOf(point),
		value: { case: "asDouble" as const, value: point.value },
	};
}

function timesOf({ startTime, endTime, attributes }: Point) {
	return {
		startTimeUnixNano: nanos(startTime),
		timeUnixNano: nanos(endTime),
		attributes: attributesOf(attributes),
	};
}

function exemplarOf({ value, traceId, spanId, unixUs }: ExemplarPoint) {
	return {
		value: { case: "asDouble" as const, value },
		timeUnixNano: BigInt(Math.round(unixUs)) * 1000n,
		traceId: Buffer.from(traceId, "hex"),
		spanId: Buffer.from(spanId, "hex"),
	};
}

function attributesOf(attributes: Readonly<Record<string, unknown>>) {
	return Object.entries(attributes).map(([key, value]) => ({
		key,
		value: { value: { case: "stringValue" as const, value: String(value) } },
	}));
}

function nanos([seconds, nanoseconds]: HrTime): bigint {
	return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
}
