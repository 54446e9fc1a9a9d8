// The registry as Prometheus reads it, piece by piece: a page of many models takes longer to compose than the event loop
// may be held, so whoever asks for it decides how much is done at a time.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
import {
	Histogram,
	type MetricFamily,
	type MetricsRegistry,
} from "./registry.ts";

export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** One series, or a heading, at a time. Series that come or go meanwhile are whole, or are not there. */
export function* prometheusText(registry: MetricsRegistry): Generator<string> {
	for (const collect of registry.collectors()) {
		collect();
		yield "";
	}
	for (const family of registry.families()) yield* familyText(family);
}

function* familyText({
	name,
	kind,
	help,
	points,
}: MetricFamily): Generator<string> {
	yield `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`;
	let bounds: readonly string[] | null = null;
	// Those of now: one that is removed and comes again would be told twice.
	for (const { text, series } of [...points])
		if (series instanceof Histogram) {
			bounds ??= series.bounds.map((bound) => `le="${bound}"} `);
			yield histogramText(name, text, series, bounds);
		} else yield `${name}${braced(text)} ${series.value}\n`;
}

/** @param bounds the ends of the labels of its buckets, the last one excepted */
function histogramText(
	name: string,
	labels: string,
	{ counts, count, sum }: Histogram,
	bounds: readonly string[],
): string {
	const bucket = `${name}_bucket{${labels}${labels === "" ? "" : ","}`;
	let text = "";
	let cumulative = 0;
	for (let i = 0; i < bounds.length; i++) {
		cumulative += counts[i] ?? 0;
		text += `${bucket}${bounds[i]}${cumulative}\n`;
	}
	return `${text}${bucket}le="+Inf"} ${count}\n${name}_sum${braced(labels)} ${sum}\n${name}_count${braced(labels)} ${count}\n`;
}

function braced(labels: string): string {
	return labels === "" ? "" : `{${labels}}`;
}
