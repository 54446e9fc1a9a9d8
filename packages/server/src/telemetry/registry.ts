// Series and their text form. A series is resolved once and then only added to: recording allocates nothing.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
import type { Instrument } from "./instruments.ts";

export class Counter {
	value = 0;

	add(amount = 1): void {
		this.value += amount;
	}
}

export class Histogram {
	readonly bounds: readonly number[];
	/** One more than the bounds: the last is +Inf. */
	readonly counts: Float64Array;
	sum = 0;
	count = 0;

	constructor(bounds: readonly number[]) {
		this.bounds = bounds;
		this.counts = new Float64Array(bounds.length + 1);
	}

	record(value: number): void {
		let low = 0;
		let high = this.bounds.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (value <= this.bounds[middle]!) high = middle;
			else low = middle + 1;
		}
		this.counts[low]! += 1;
		this.sum += value;
		this.count++;
	}
}

type Series = Counter | Histogram;

interface Family {
	readonly instruments: Instrument[];
	readonly series: Map<string, Series>;
}

export class MetricsRegistry {
	/** By name: instruments of one name are one family, with series of other labels. */
	readonly #families = new Map<string, Family>();
	readonly #collectors = new Set<() => void>();

	counter(instrument: Instrument, values: readonly string[]): Counter {
		return this.#series(instrument, values, () => new Counter()) as Counter;
	}

	histogram(instrument: Instrument, values: readonly string[]): Histogram {
		const create = () => new Histogram(instrument.buckets ?? []);
		return this.#series(instrument, values, create) as Histogram;
	}

	/** Gauges are set when they are read. Returns how to stop it. */
	onCollect(collector: () => void): () => void {
		this.#collectors.add(collector);
		return () => {
			this.#collectors.delete(collector);
		};
	}

	/** Drops every series whose first label values are `values`: a model that is gone. */
	remove(values: readonly string[]): void {
		for (const { instruments, series } of this.#families.values())
			for (const { labels } of instruments) {
				if (labels.length < values.length) continue;
				const prefix = labelText(labels.slice(0, values.length), values);
				for (const key of series.keys())
					if (key === prefix || key.startsWith(`${prefix},`))
						series.delete(key);
			}
	}

	render(): string {
		for (const collect of this.#collectors) collect();
		const lines: string[] = [];
		for (const [name, { instruments, series: family }] of this.#families) {
			if (family.size === 0) continue;
			const { kind, help } = instruments[0]!;
			lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
			for (const [labels, series] of family)
				if (series instanceof Histogram)
					renderHistogram(lines, name, labels, series);
				else lines.push(`${name}${braced(labels)} ${series.value}`);
		}
		lines.push("");
		return lines.join("\n");
	}

	#series(
		instrument: Instrument,
		values: readonly string[],
		create: () => Series,
	): Series {
		if (values.length !== instrument.labels.length)
			throw new RangeError(
				`${instrument.name} has labels ${instrument.labels}, got ${values.length} values`,
			);
		let family = this.#families.get(instrument.name);
		if (family === undefined) {
			family = { instruments: [], series: new Map() };
			this.#families.set(instrument.name, family);
		}
		if (!family.instruments.includes(instrument))
			family.instruments.push(instrument);
		const key = labelText(instrument.labels, values);
		let series = family.series.get(key);
		if (series === undefined) {
			series = create();
			family.series.set(key, series);
		}
		return series;
	}
}

function renderHistogram(
	lines: string[],
	name: string,
	labels: string,
	histogram: Histogram,
): void {
	const separator = labels === "" ? "" : ",";
	let cumulative = 0;
	for (const [index, bound] of [...histogram.bounds, "+Inf"].entries()) {
		cumulative += histogram.counts[index] ?? 0;
		lines.push(
			`${name}_bucket{${labels}${separator}le="${bound}"} ${cumulative}`,
		);
	}
	lines.push(
		`${name}_sum${braced(labels)} ${histogram.sum}`,
		`${name}_count${braced(labels)} ${histogram.count}`,
	);
}

function labelText(
	labels: readonly string[],
	values: readonly string[],
): string {
	return labels
		.map((label, index) => `${label}="${escapeLabel(values[index] ?? "")}"`)
		.join(",");
}

function escapeLabel(value: string): string {
	return value
		.replaceAll("\\", "\\\\")
		.replaceAll('"', '\\"')
		.replaceAll("\n", "\\n");
}

function braced(labels: string): string {
	return labels === "" ? "" : `{${labels}}`;
}
