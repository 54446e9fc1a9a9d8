// bench/results/*.json → docs/benchmarks.md. A result says where and how it was taken (bench/lib/report.ts), and has
// lists of rows whose cells are texts, numbers, intervals, targets and verdicts; each becomes a column.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineFacts } from "../bench/lib/machine.ts";
import { showInterval, table } from "../bench/lib/report.ts";
import type { Interval } from "../bench/lib/stats.ts";
import type { Plot } from "./plots/plots.ts";

export interface BenchResult {
	readonly machine: MachineFacts;
	readonly [key: string]: unknown;
}

type Row = Readonly<Record<string, unknown>>;

export function renderBenchmarksDoc(
	results: ReadonlyMap<string, BenchResult>,
	plots: readonly Pick<Plot, "result" | "file" | "title">[] = [],
): string {
	return [
		"# Benchmarks",
		"",
		"What the benches in `bench/` last measured: medians with their 95 % intervals over the rounds. A target is met when the whole interval meets it. Generated from `bench/results/*.json` by `npm run docs`.",
		"",
		...[...results].flatMap(([name, result]) => [
			...renderResult(name, result),
			...plots
				.filter((plot) => plot.result === name)
				.flatMap(({ file, title }) => [`![${title}](plots/${file})`, ""]),
		]),
	].join("\n");
}

function renderResult(name: string, result: BenchResult): string[] {
	const { command, commit, date, cpu, cores, memoryGiB, os, node } =
		result.machine;
	return [
		`## ${name}`,
		"",
		`\`${command}\`, commit ${commit}, ${date}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, Node ${node}.`,
		"",
		...listsOf(result).flatMap(renderList),
	];
}

function renderList(rows: readonly Row[]): string[] {
	const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter(
		(column) => rows.some((row) => cell(row[column]) !== ""),
	);
	return [
		table(
			columns.map(toWords),
			rows.map((row) => columns.map((column) => cell(row[column]))),
		),
		"",
	];
}

/** In the order of the file. */
function listsOf(result: BenchResult): Row[][] {
	return Object.values(result).filter(
		(value): value is Row[] =>
			Array.isArray(value) &&
			value.length > 0 &&
			value.every((row) => typeof row === "object" && row !== null),
	);
}

function cell(value: unknown): string {
	if (typeof value === "boolean") return value ? "yes" : "no";
	if (typeof value === "number") return String(round(value));
	if (typeof value === "string") return value.replaceAll("|", "\\|");
	if (Array.isArray(value)) return list(value);
	if (value === null || typeof value !== "object") return "";
	if (isInterval(value)) return showInterval(value, digitsOf(value.median));
	return isRange(value) ? range(value) : bounds(value as Row);
}

/** Of a ratio of nothing to nothing there is none. */
function range({ low, high }: { low: unknown; high: unknown }): string {
	if (low === null && high === null) return "";
	return `[${cell(low)}, ${cell(high)}]`;
}

/** What was measured beside a row, and how its targets were judged; single rounds stay in the file. */
function list(values: readonly unknown[]): string {
	return values
		.filter(
			(value): value is Row => typeof value === "object" && value !== null,
		)
		.map(({ name, ratio, target, met }) =>
			target === undefined
				? `${cell(ratio)} × ${cell(name)}`
				: `${cell(target)}: ${met === null ? "not measured" : cell(met)}`,
		)
		.join("; ");
}

/** A target: `{ minPerSecond: 100, maxP99Ms: null }`. */
function bounds(target: Row): string {
	return Object.entries(target)
		.filter(([, value]) => value !== null)
		.map(([name, value]) => `${toWords(name)} ${cell(value)}`)
		.join(", ");
}

function isInterval(value: object): value is Interval {
	return "median" in value && "low" in value && "high" in value;
}

function isRange(value: object): value is { low: unknown; high: unknown } {
	return "low" in value && "high" in value;
}

function digitsOf(value: number): number {
	if (Math.abs(value) >= 100) return 0;
	return Math.abs(value) >= 10 ? 1 : 3;
}

function round(value: number): number {
	return Number(value.toFixed(digitsOf(value)));
}

/** `serverCpuUs` → `server cpu us` */
function toWords(name: string): string {
	return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** By name, in alphabetical order. */
export function readResults(directory: string): Map<string, BenchResult> {
	const files = readdirSync(directory).filter((file) => file.endsWith(".json"));
	return new Map(
		files
			.sort()
			.map((file) => [
				file.slice(0, -".json".length),
				JSON.parse(readFileSync(join(directory, file), "utf8")),
			]),
	);
}
