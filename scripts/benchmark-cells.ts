// How the document of benchmarks writes a value of a results file into a cell of a table.
import { showInterval } from "../bench/lib/report.ts";
import type { Interval } from "../bench/lib/stats.ts";

export type Row = Readonly<Record<string, unknown>>;

export function cell(value: unknown): string {
	if (typeof value === "boolean") return value ? "yes" : "no";
	if (typeof value === "number") return String(round(value));
	if (typeof value === "string") return value.replaceAll("|", "\\|");
	if (Array.isArray(value)) return list(value);
	if (!isRow(value)) return "";
	if (isInterval(value)) return showInterval(value, digitsOf(value.median));
	return isRange(value) ? range(value) : bounds(value);
}

export function isRow(value: unknown): value is Row {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `serverCpuUs` → `server cpu us` */
export function toWords(name: string): string {
	return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Of a ratio of nothing to nothing there is none. */
function range({ low, high }: { low: unknown; high: unknown }): string {
	if (low === null && high === null) return "";
	return `[${cell(low)}, ${cell(high)}]`;
}

/** What was measured beside a row, and how its targets were judged; single rounds stay in the file. */
function list(values: readonly unknown[]): string {
	return values
		.filter(isRow)
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
