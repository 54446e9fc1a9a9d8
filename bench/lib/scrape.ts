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
