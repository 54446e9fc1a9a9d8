// Reads a server's `/metrics`: Prometheus' text format.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

export type Scrape = string;

export async function scrape(metricsPort: number): Promise<Scrape> {
	const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
	return answer.text();
}

/** @param series name and labels, as they are written. Throws for one that is not there. */
export function seriesValue(text: Scrape, series: string): number {
	const line = text.split("\n").find((each) => each.startsWith(`${series} `));
	if (line === undefined) throw new Error(`no series ${series}`);
	return Number(line.slice(series.length + 1));
}

/**
 * Of a histogram without labels, as Prometheus' `histogram_quantile` has it. Infinity beyond its last bound.
 * @param since only what came after this scrape counts
 */
export function histogramQuantile(
	text: Scrape,
	name: string,
	share: number,
	since: Scrape = "",
): number {
	const before = new Map(bucketsOf(since, name));
	const buckets = bucketsOf(text, name).map(([bound, count]) => ({
		bound: bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound),
		count: count - (before.get(bound) ?? 0),
	}));
	const rank = share * (buckets.at(-1)?.count ?? Number.NaN);
	let below = { bound: 0, count: 0 };
	for (const bucket of buckets) {
		if (bucket.count >= rank) {
			const within = (rank - below.count) / (bucket.count - below.count);
			return below.bound + within * (bucket.bound - below.bound);
		}
		below = bucket;
	}
	throw new Error(`no histogram ${name} with values`);
}

function bucketsOf(text: Scrape, name: string): [string, number][] {
	return [...text.matchAll(BUCKET)]
		.filter(([, family]) => family === name)
		.map(([, , bound = "", count]) => [bound, Number(count)]);
}

const BUCKET = /^(\w+)_bucket\{le="([^"]+)"\} (\d+)$/gm;
