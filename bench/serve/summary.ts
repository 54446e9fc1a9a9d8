// Rounds of one workload → its row, and the rows → tables.
import { showInterval, table } from "../lib/report.ts";
import { type Interval, interval, pairedRatio } from "../lib/stats.ts";
import type { ServerWindow } from "./server-round.ts";
import {
	judge,
	showVerdict,
	type Verdict,
	type YardstickName,
} from "./targets.ts";
import type { Workload } from "./workloads.ts";
import type { YardstickWindow } from "./yardsticks.ts";

export interface YardstickRounds {
	readonly name: YardstickName;
	readonly setting: string;
	readonly windows: readonly YardstickWindow[];
}

export interface YardstickRow {
	readonly name: YardstickName;
	readonly setting: string;
	readonly perSecond: Interval;
	/** Ours over its, round by round. */
	readonly ratio: Interval;
	readonly p99Ms: Interval | null;
	readonly serverCpuUs: Interval | null;
}

export interface ServeRow {
	readonly id: string;
	readonly generator: Workload["generator"];
	readonly connections: number;
	readonly inFlight: number;
	readonly perSecond: Interval;
	readonly p50Ms: Interval | null;
	readonly p99Ms: Interval | null;
	readonly serverCpuUs: Interval;
	/** Near 1, the generator may be what sets the rate. */
	readonly clientCores: Interval;
	readonly residentMb: Interval;
	/** Every answer of the windows; h2load's are counted, but not compared. */
	readonly answers: { readonly count: number; readonly compared: boolean };
	readonly yardsticks: readonly YardstickRow[];
	readonly targets: readonly Verdict[];
}

export function summarise(
	workload: Workload,
	ours: readonly ServerWindow[],
	yardsticks: readonly YardstickRounds[],
): ServeRow {
	const rates = ours.map(({ perSecond }) => perSecond);
	const rows = yardsticks.map((one) => yardstickRow(one, rates));
	const perSecond = interval(rates);
	const p99Ms = milliseconds(ours.map(({ p99Us }) => p99Us));
	const ratios = new Map(rows.map(({ name, ratio }) => [name, ratio]));
	return {
		id: workload.id,
		generator: workload.generator,
		connections: workload.connections,
		inFlight: workload.inFlight,
		perSecond,
		p50Ms: milliseconds(ours.map(({ p50Us }) => p50Us)),
		p99Ms,
		serverCpuUs: interval(ours.map(({ serverCpuUs }) => serverCpuUs)),
		clientCores: interval(ours.map(({ clientCores }) => clientCores)),
		residentMb: interval(ours.map((window) => window.residentMb)),
		answers: {
			count: ours.reduce((sum, { answered }) => sum + answered, 0),
			compared: workload.generator === "own",
		},
		yardsticks: rows,
		targets: workload.targets.map((target) =>
			judge(target, { perSecond, p99Ms, ratios }),
		),
	};
}

function yardstickRow(
	{ name, setting, windows }: YardstickRounds,
	ours: readonly number[],
): YardstickRow {
	const rates = windows.map(({ perSecond }) => perSecond);
	return {
		name,
		setting,
		perSecond: interval(rates),
		ratio: pairedRatio(ours, rates),
		p99Ms: milliseconds(windows.map(({ p99Us }) => p99Us)),
		serverCpuUs: known(windows.map(({ serverCpuUs }) => serverCpuUs)),
	};
}

function milliseconds(us: readonly (number | null)[]): Interval | null {
	return known(us.map((value) => (value === null ? null : value / 1000)));
}

/** null as soon as one round has no such number. */
function known(values: readonly (number | null)[]): Interval | null {
	const numbers = values.filter((value) => value !== null);
	return numbers.length === values.length ? interval(numbers) : null;
}

const show = (value: Interval | null, digits: number) =>
	value === null ? "" : showInterval(value, digits);

export function showRows(rows: readonly ServeRow[]): string {
	return table(
		[
			"workload",
			"answers/s [95 %]",
			"p50 ms",
			"p99 ms",
			"CPU µs/answer",
			"client cores",
			"MB",
			"targets",
		],
		rows.map((row) => [
			row.id,
			showInterval(row.perSecond),
			row.p50Ms?.median.toFixed(2) ?? "",
			show(row.p99Ms, 2),
			showInterval(row.serverCpuUs, 1),
			row.clientCores.median.toFixed(2),
			row.residentMb.median.toFixed(0),
			row.targets.map(showVerdict).join("; "),
		]),
	);
}

export function showYardsticks(rows: readonly ServeRow[]): string {
	return table(
		[
			"workload",
			"beside",
			"its answers/s [95 %]",
			"ours/its [95 %]",
			"its p99 ms",
			"its CPU µs/answer",
			"its setting",
		],
		rows.flatMap((row) =>
			row.yardsticks.map((one) => [
				row.id,
				one.name,
				showInterval(one.perSecond),
				showInterval(one.ratio, 2),
				show(one.p99Ms, 2),
				show(one.serverCpuUs, 1),
				one.setting,
			]),
		),
	);
}
