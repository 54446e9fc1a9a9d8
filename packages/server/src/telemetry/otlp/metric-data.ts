// The registry's series as OpenTelemetry's metrics. Counters and histograms count since the server started
// (cumulative), as Prometheus reads them, so that both show the same numbers.
import { ValueType } from "@opentelemetry/api";
import {
	AggregationTemporality,
	type DataPoint,
	DataPointType,
	type Histogram,
	type MetricData,
} from "@opentelemetry/sdk-metrics";
import { hrTime } from "./hr-time.ts";
import type {
	ExemplarPoint,
	HistogramPoint,
	MetricPart,
	MetricPoint,
} from "./otlp-messages.ts";

/** The official types have no exemplars: they travel beside the value, and our serializer writes them. */
export interface HistogramWithExemplars extends Histogram {
	readonly exemplars: readonly ExemplarPoint[];
}

export interface MetricTimes {
	readonly startUnixUs: number;
	readonly nowUnixUs: number;
}

export function metricData(
	{ name, kind, help, points }: MetricPart,
	times: MetricTimes,
): MetricData {
	const descriptor = {
		name,
		description: help,
		unit: unitOf(name),
		valueType: ValueType.DOUBLE,
	};
	const aggregationTemporality = AggregationTemporality.CUMULATIVE;
	const numbers = () =>
		points.map((point) => dataPoint(point, point.value, times));
	switch (kind) {
		case "counter":
			return {
				descriptor,
				aggregationTemporality,
				dataPointType: DataPointType.SUM,
				isMonotonic: true,
				dataPoints: numbers(),
			};
		case "histogram":
			return {
				descriptor,
				aggregationTemporality,
				dataPointType: DataPointType.HISTOGRAM,
				dataPoints: points.flatMap((point) =>
					point.histogram === null
						? []
						: [dataPoint(point, histogramOf(point.histogram), times)],
				),
			};
		// Quantiles of now, told apart by their label.
		case "summary":
		case "gauge":
			return {
				descriptor,
				aggregationTemporality,
				dataPointType: DataPointType.GAUGE,
				dataPoints: numbers(),
			};
	}
}

function dataPoint<T>(
	{ attributes }: MetricPoint,
	value: T,
	{ startUnixUs, nowUnixUs }: MetricTimes,
): DataPoint<T> {
	return {
		startTime: hrTime(startUnixUs),
		endTime: hrTime(nowUnixUs),
		attributes,
		value,
	};
}

function histogramOf(point: HistogramPoint): HistogramWithExemplars {
	const { bounds, counts, sum, count, exemplars } = point;
	return {
		buckets: { boundaries: [...bounds], counts: [...counts] },
		sum,
		count,
		exemplars,
	};
}

/**
 * UCUM, where the name says it: stores that put the unit into the name find it there. Triton's names have units of
 * their own and must stay as they are.
 */
function unitOf(name: string): string {
	if (name.startsWith("nv_")) return "";
	const base = name.replace(/_total$/, "");
	if (base.endsWith("_seconds")) return "s";
	if (base.endsWith("_bytes")) return "By";
	return "";
}
