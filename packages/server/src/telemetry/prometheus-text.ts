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
	type SeriesPoint,
} from "./registry.ts";
import { TextBuffer } from "./text-buffer.ts";

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

/** Series that are written and kept together: some 10 µs of work. */
const BLOCK_COUNT = 16;
const LINE_END = 0x0a;
const SPACE = 0x20;
/** A block that grows by a few digits need not have new memory. */
const SLACK = 1.125;

/** The text of some series as it was: most do not change from one scrape to the next. */
interface Block {
	readonly points: readonly SeriesPoint[];
	/** Of each series then: its value, or how many values it has. NaN: it was not written yet. */
	readonly versions: Float64Array;
	memory: Uint8Array;
	/** The part of it that is text. */
	text: Uint8Array;
}

/** A family as it was written last. */
interface FamilyText {
	readonly generation: number;
	readonly blocks: readonly Block[];
}

/** Of the families of all registries, by their keys. */
const KEPT: Readonly<Record<TextFormat, WeakMap<object, FamilyText>>> = {
	prometheus: new WeakMap(),
	openmetrics: new WeakMap(),
};

/**
 * Some series, or a heading, at a time; bytes are valid until the next part. Series that come or go meanwhile are whole,
 * or are not there.
 */
export function* prometheusText(
	registry: MetricsRegistry,
	format: TextFormat = "prometheus",
): Generator<string | Uint8Array> {
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
): Generator<string | Uint8Array> {
	const { name, help } = family;
	const { title, type } =
		format === "openmetrics"
			? openMetricsType(family)
			: { title: name, type: family.kind };
	yield `# HELP ${title} ${help}\n# TYPE ${title} ${type}\n`;
	for (const block of blocksOf(family, format)) {
		if (hasChanged(block)) write(block, name, format);
		yield block.text;
	}
}

function blocksOf(family: MetricFamily, format: TextFormat): readonly Block[] {
	const { key, generation, points } = family;
	const kept = KEPT[format].get(key);
	if (kept?.generation === generation) return kept.blocks;
	const blocks: Block[] = [];
	const all = [...points];
	for (let at = 0; at < all.length; at += BLOCK_COUNT) {
		const some = all.slice(at, at + BLOCK_COUNT);
		blocks.push({
			points: some,
			versions: new Float64Array(some.length).fill(Number.NaN),
			memory: NOTHING,
			text: NOTHING,
		});
	}
	KEPT[format].set(key, { generation, blocks });
	return blocks;
}

const NOTHING = new Uint8Array(0);

function hasChanged({ points, versions }: Block): boolean {
	for (let i = 0; i < points.length; i++)
		if (versionOf(points[i]!) !== versions[i]) return true;
	return false;
}

function versionOf({ series }: SeriesPoint): number {
	return series instanceof Histogram ? series.count : series.value;
}

/** One at a time is written, and then copied. */
const scratch = new TextBuffer();

function write(block: Block, name: string, format: TextFormat): void {
	scratch.clear();
	for (let i = 0; i < block.points.length; i++) {
		const point = block.points[i]!;
		const { text: labels, series } = point;
		block.versions[i] = versionOf(point);
		if (series instanceof Histogram)
			writeHistogram(scratch, name, labels, series, format);
		else writeSample(scratch, name + braced(labels), series.value);
	}
	const written = scratch.written();
	const { byteLength } = written;
	if (block.memory.byteLength < byteLength)
		block.memory = new Uint8Array(Math.ceil(SLACK * byteLength));
	block.memory.set(written);
	if (block.text.byteLength !== byteLength)
		block.text = block.memory.subarray(0, byteLength);
}

function writeSample(to: TextBuffer, series: string, value: number): void {
	to.text(series);
	to.byte(SPACE);
	to.number(value);
	to.byte(LINE_END);
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

function writeHistogram(
	to: TextBuffer,
	name: string,
	labels: string,
	{ bounds, counts, count, sum, exemplars }: Histogram,
	format: TextFormat,
): void {
	const examples = format === "openmetrics" ? exemplars : null;
	const ends = endsOf(bounds, format);
	const start = to.end;
	to.text(`${name}_bucket{${labels}${labels === "" ? "" : ","}`);
	const end = to.end;
	let cumulative = 0;
	for (let i = 0; i < ends.length; i++) {
		if (i > 0) to.again(start, end);
		to.text(ends[i]!);
		cumulative += counts[i]!;
		to.number(cumulative);
		if (examples !== null) to.text(exemplarText(examples[i] ?? null));
		to.byte(LINE_END);
	}
	writeSample(to, `${name}_sum${braced(labels)}`, sum);
	writeSample(to, `${name}_count${braced(labels)}`, count);
}

/** By bounds: ends of the labels of their buckets. */
const ENDS: Readonly<
	Record<TextFormat, WeakMap<readonly number[], readonly string[]>>
> = { prometheus: new WeakMap(), openmetrics: new WeakMap() };

function endsOf(
	bounds: readonly number[],
	format: TextFormat,
): readonly string[] {
	let ends = ENDS[format].get(bounds);
	if (ends === undefined) {
		const isOpen = format === "openmetrics";
		ends = [
			...bounds.map((bound) => (isOpen ? openNumber(bound) : String(bound))),
			"+Inf",
		].map((bound) => `le="${bound}"} `);
		ENDS[format].set(bounds, ends);
	}
	return ends;
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
