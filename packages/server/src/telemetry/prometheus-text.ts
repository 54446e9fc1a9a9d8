// The registry as Prometheus reads it, piece by piece: a page of many models takes longer to compose than the event loop
// may be held, so whoever asks for it decides how much is done at a time. In Prometheus' own format, or in OpenMetrics,
// which has exemplars.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
// https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
import {
	type Exemplar,
	Histogram,
	type MetricFamily,
	type MetricsRegistry,
} from "./registry.ts";

export type TextFormat = "prometheus" | "openmetrics";

export const CONTENT_TYPE: Readonly<Record<TextFormat, string>> = {
	prometheus: "text/plain; version=0.0.4; charset=utf-8",
	openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** By the `Accept` header of a scrape; OpenMetrics only where it is named, and not with weight 0. */
export function formatFor(accept: string | undefined): TextFormat {
	for (const range of (accept ?? "").toLowerCase().split(",")) {
		const [type = "", ...parameters] = range
			.split(";")
			.map((part) => part.trim());
		if (type !== "application/openmetrics-text") continue;
		const weight = parameters.find((part) => part.startsWith("q="));
		if (weight === undefined || Number(weight.slice(2)) > 0)
			return "openmetrics";
	}
	return "prometheus";
}

/** One series, or a heading, at a time. Series that come or go meanwhile are whole, or are not there. */
export function* prometheusText(
	registry: MetricsRegistry,
	format: TextFormat = "prometheus",
): Generator<string> {
	for (const collect of registry.collectors()) {
		collect();
		yield "";
	}
	for (const family of registry.families()) yield* familyText(family, format);
	if (format === "openmetrics") yield "# EOF\n";
}

function* familyText(
	family: MetricFamily,
	format: TextFormat,
): Generator<string> {
	const { name, help, points } = family;
	const isOpen = format === "openmetrics";
	const { title, type } = isOpen
		? openMetricsType(family)
		: { title: name, type: family.kind };
	yield `# HELP ${title} ${help}\n# TYPE ${title} ${type}\n`;
	let bounds: readonly string[] | null = null;
	// Those of now: one that is removed and comes again would be told twice.
	for (const { text: labels, series, rendered } of [...points]) {
		const version = series instanceof Histogram ? series.count : series.value;
		const last = rendered[format];
		if (last?.version === version) {
			yield last.text;
			continue;
		}
		let text: string;
		if (series instanceof Histogram) {
			bounds ??= series.bounds.map(
				(bound) => `le="${isOpen ? openNumber(bound) : bound}"} `,
			);
			const exemplars = isOpen ? series.exemplars : null;
			text = histogramText(name, labels, series, { bounds, exemplars });
		} else text = `${name}${braced(labels)} ${series.value}\n`;
		rendered[format] = { version, text };
		yield text;
	}
}

/**
 * A counter's samples end in `_total` there, and its family is named without. Triton's counters do not, and must keep
 * their names whichever format is asked for: their type is left unknown.
 */
function openMetricsType({ name, kind }: MetricFamily) {
	if (kind !== "counter") return { title: name, type: kind };
	return name.endsWith("_total")
		? { title: name.slice(0, -"_total".length), type: kind }
		: { title: name, type: "unknown" };
}

function histogramText(
	name: string,
	labels: string,
	{ counts, count, sum }: Histogram,
	{
		bounds,
		exemplars,
	}: {
		/** The ends of the labels of its buckets, the last one excepted. */
		readonly bounds: readonly string[];
		readonly exemplars: readonly (Exemplar | null)[] | null;
	},
): string {
	const bucket = `${name}_bucket{${labels}${labels === "" ? "" : ","}`;
	const example = (at: number) => exemplarText(exemplars?.[at] ?? null);
	let text = "";
	let cumulative = 0;
	for (let i = 0; i < bounds.length; i++) {
		cumulative += counts[i] ?? 0;
		text += `${bucket}${bounds[i]}${cumulative}${example(i)}\n`;
	}
	return `${text}${bucket}le="+Inf"} ${count}${example(bounds.length)}\n${name}_sum${braced(labels)} ${sum}\n${name}_count${braced(labels)} ${count}\n`;
}

function exemplarText(exemplar: Exemplar | null): string {
	if (exemplar === null) return "";
	const { traceId, spanId, value, unixUs } = exemplar;
	const seconds = (unixUs / 1e6).toFixed(3);
	return ` # {trace_id="${traceId}",span_id="${spanId}"} ${value} ${seconds}`;
}

/** Bounds are floats there: 1 is written 1.0. */
function openNumber(value: number): string {
	return Number.isInteger(value) ? `${value}.0` : String(value);
}

function braced(labels: string): string {
	return labels === "" ? "" : `{${labels}}`;
}
