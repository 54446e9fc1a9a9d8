// What a scrape costs; see usage.ts.
import { benchArguments } from "../lib/arguments.ts";
import { showInterval, table, writeResults } from "../lib/report.ts";
import { type Interval, interval } from "../lib/stats.ts";
import { measureHolds } from "./holds.ts";
import { measureRound } from "./measure.ts";
import type { Span } from "./server-process.ts";

const ROUNDS = 5;
const SECONDS = 4;
const PAGES = 50;
const rounds = benchArguments.number("--rounds", ROUNDS);
const seconds = benchArguments.number("--seconds", SECONDS);

interface Row {
	readonly id: string;
	readonly measured: Interval;
	readonly unit: string;
	readonly limit: number | null;
}

const at = (share: number, values: readonly number[]): number => {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
};

const samples = new Map<string, number[]>();
function add(id: string, value: number): void {
	samples.set(id, [...(samples.get(id) ?? []), value]);
}

const SHARES = [
	["p50", 0.5],
	["p99", 0.99],
] as const;

for (let round = 0; round < rounds; round++) {
	const { holdUs, pageUs } = await measureHolds(PAGES);
	add("scrape-200-models/compose-cpu", at(0.5, pageUs) / 1000);
	add("scrape-200-models/hold-cpu-p50", at(0.5, holdUs) / 1000);
	add("scrape-200-models/hold-cpu-p99", at(0.99, holdUs) / 1000);
	add("scrape-200-models/hold-cpu-max", at(1, holdUs) / 1000);
	const windows = await measureRound(seconds, round);
	const { plain, scraped, beside } = windows;
	const scrapeMs = scraped.scrapes.map(({ beginMs, endMs }) => endMs - beginMs);
	add("scrape-200-models/time-p50", at(0.5, scrapeMs));
	add("scrape-200-models/time-p99", at(0.99, scrapeMs));
	add("scrape-200-models/page", (scraped.scrapes.at(-1)?.bytes ?? 0) / 1e6);
	for (const [name, { pausesMs }] of Object.entries(windows))
		add(`collection/longest-${name}`, at(1, [0, ...pausesMs]));
	for (const [name, share] of SHARES) {
		const took = (spans: readonly Span[]) => at(share, spans.map(tookMs));
		add(`inference/${name}-plain`, took(plain.spans));
		add(`inference/${name}-scraped`, took(scraped.spans));
		add(`inference/${name}-beside`, took(beside.spans));
		add(`inference-delay/${name}`, took(scraped.spans) - took(plain.spans));
		add(
			`inference-delay/${name}-beside`,
			took(beside.spans) - took(plain.spans),
		);
		const onCore = (spans: readonly Span[]) => at(share, spans.map(onCoreMs));
		add(`inference-on-core/${name}-plain`, onCore(plain.spans));
		add(`inference-on-core/${name}-scraped`, onCore(scraped.spans));
		add(
			`inference-on-core-delay/${name}`,
			onCore(scraped.spans) - onCore(plain.spans),
		);
	}
}

function tookMs({ dueMs, endMs }: Span): number {
	return endMs - dueMs;
}

/** Without the time for which another process had its core. */
function onCoreMs(span: Span): number {
	return tookMs(span) - span.coreWaitMs;
}

const LIMITS: Readonly<Record<string, number>> = {
	"scrape-200-models/time-p50": 20,
	"scrape-200-models/hold-cpu-p99": 1,
	"inference-delay/p50": 1,
	"inference-delay/p99": 1,
	"inference-on-core-delay/p99": 1,
};

const rows: Row[] = [...samples].map(([id, values]) => ({
	id,
	measured: interval(values),
	unit: id.endsWith("/page") ? "MB" : "ms",
	limit: LIMITS[id] ?? null,
}));
const shown = rows.filter(({ id }) => benchArguments.pattern.test(id));
console.log(
	table(
		["what", "measured", "target", "met"],
		shown.map(({ id, measured, unit, limit }) => [
			id,
			`${showInterval(measured, 2)} ${unit}`,
			limit === null ? "" : `≤ ${limit} ${unit}`,
			limit === null ? "" : measured.high <= limit ? "yes" : "no",
		]),
	),
);
if (rounds === ROUNDS && seconds === SECONDS && shown.length === rows.length)
	console.log(writeResults("scrape", "npm run bench -- scrape", { rows }));
