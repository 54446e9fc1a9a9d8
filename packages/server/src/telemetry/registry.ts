// Series by instrument and labels. A series is resolved once and then only added to: recording allocates nothing.
// How many there may be is bounded, whatever their labels come from.
import type { Instrument } from "./instruments.ts";

export class Counter {
	value = 0;

	add(amount = 1): void {
		this.value += amount;
	}
}

/** A value with the trace of whoever it was measured on. */
export interface Exemplar {
	readonly value: number;
	readonly traceId: string;
	readonly spanId: string;
	/** Wall clock. */
	readonly unixUs: number;
}

export class Histogram {
	readonly bounds: readonly number[];
	/** One more than the bounds: the last is +Inf. */
	readonly counts: Float64Array;
	sum = 0;
	count = 0;
	/** The newest of each bucket; null while there are none. */
	exemplars: (Exemplar | null)[] | null = null;

	constructor(bounds: readonly number[]) {
		this.bounds = bounds;
		this.counts = new Float64Array(bounds.length + 1);
	}

	record(value: number): void {
		this.counts[this.#bucketOf(value)]! += 1;
		this.sum += value;
		this.count++;
	}

	/** An example of the values that were recorded. */
	addExemplar(exemplar: Exemplar): void {
		const bucketCount = this.counts.length;
		this.exemplars ??= new Array<Exemplar | null>(bucketCount).fill(null);
		this.exemplars[this.#bucketOf(exemplar.value)] = exemplar;
	}

	#bucketOf(value: number): number {
		let low = 0;
		let high = this.bounds.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (value <= this.bounds[middle]!) high = middle;
			else low = middle + 1;
		}
		return low;
	}
}

export type Series = Counter | Histogram;

/** One series of a family, with its labels. */
export interface SeriesPoint {
	readonly names: readonly string[];
	readonly values: readonly string[];
	/** Both in text form, escaped: `model="a",version="1"`. */
	readonly text: string;
	readonly series: Series;
}

/** All series of one name. */
export interface MetricFamily {
	readonly name: string;
	readonly kind: Instrument["kind"];
	readonly help: string;
	readonly points: Iterable<SeriesPoint>;
	/** Another number when series have come or gone. */
	readonly generation: number;
	/** The same for the same family: whoever reads it keeps what was made of it by this. */
	readonly key: object;
}

interface Family {
	readonly instruments: Instrument[];
	/** By their labels' text. */
	readonly series: Map<string, SeriesPoint>;
	generation: number;
}

export interface RegistryOptions {
	/**
	 * Series of one name. Those beyond share one whose labels all say `other`.
	 * @default 20,000: batches of 1,800 models, by why they were closed
	 */
	readonly maxSeriesCount?: number;
}

/** The value of every label of series that were too many. */
const OVERFLOW = "other";

export class MetricsRegistry {
	/** By name: instruments of one name are one family, with series of other labels. */
	readonly #families = new Map<string, Family>();
	readonly #collectors = new Set<() => void>();
	readonly #maxSeriesCount: number;
	/** Series that were asked for and are counted with others. */
	overflowCount = 0;

	constructor({ maxSeriesCount = 20_000 }: RegistryOptions = {}) {
		this.#maxSeriesCount = maxSeriesCount;
	}

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
		for (const family of this.#families.values()) {
			const { instruments, series } = family;
			const before = series.size;
			for (const { labels } of instruments) {
				if (labels.length < values.length) continue;
				const prefix = labelText(labels.slice(0, values.length), values);
				for (const key of series.keys())
					if (key === prefix || key.startsWith(`${prefix},`))
						series.delete(key);
			}
			if (series.size < before) family.generation++;
		}
	}

	/** Each sets some gauges. Whoever reads series calls all of them first. */
	collectors(): IterableIterator<() => void> {
		return this.#collectors.values();
	}

	/** As they are now, without those that have no series. The series themselves go on counting. */
	families(): MetricFamily[] {
		return [...this.#families].flatMap(([name, family]) => {
			const { instruments, series, generation } = family;
			const { kind, help } = instruments[0]!;
			if (series.size === 0) return [];
			const points = series.values();
			return [{ name, kind, help, points, generation, key: family }];
		});
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
			family = { instruments: [], series: new Map(), generation: 0 };
			this.#families.set(instrument.name, family);
		}
		if (!family.instruments.includes(instrument))
			family.instruments.push(instrument);
		const known = family.series.get(labelText(instrument.labels, values));
		if (known !== undefined) return known.series;
		if (family.series.size < this.#maxSeriesCount)
			return addSeries(family, instrument, values, create);
		this.overflowCount++;
		const others = instrument.labels.map(() => OVERFLOW);
		const shared = family.series.get(labelText(instrument.labels, others));
		return shared?.series ?? addSeries(family, instrument, others, create);
	}
}

function addSeries(
	family: Family,
	{ labels }: Instrument,
	values: readonly string[],
	create: () => Series,
): Series {
	const text = labelText(labels, values);
	const series = create();
	family.series.set(text, { names: labels, values, text, series });
	family.generation++;
	return series;
}

function labelText(
	names: readonly string[],
	values: readonly string[],
): string {
	return names
		.map((name, index) => `${name}="${escapeLabel(values[index] ?? "")}"`)
		.join(",");
}

function escapeLabel(value: string): string {
	// What is no UTF-16 would be written as if it were something else, and might be there already.
	return value
		.toWellFormed()
		.replaceAll("\\", "\\\\")
		.replaceAll('"', '\\"')
		.replaceAll("\n", "\\n");
}
