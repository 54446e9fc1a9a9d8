// Which plots there are, from which results. A result that was not taken, or lacks what a plot needs, has none.
import type { Interval } from "../../bench/lib/stats.ts";
import type { BenchResult } from "../bench-results.ts";
import { type Chart, type Point, renderChart, type Series } from "./chart.ts";

export interface Plot {
	/** Of the result that it is shown under. */
	readonly result: string;
	/** In `docs/plots/`. */
	readonly file: string;
	readonly title: string;
	readonly svg: string;
}

export function makePlots(results: ReadonlyMap<string, BenchResult>): Plot[] {
	return [
		...goodputPlots(results),
		...batchingPlots(results),
		...telemetryPlots(results),
		...swapPlots(results),
	];
}

interface LoadRow {
	readonly workload: string;
	readonly policy: string;
	readonly load: number;
	readonly shareOfCapacity: Interval;
	readonly p99Ms: Interval | null;
}

function goodputPlots(results: ReadonlyMap<string, BenchResult>): Plot[] {
	const rows = (results.get("load")?.["loads"] ?? []) as LoadRow[];
	const workloads = [...new Set(rows.map(({ workload }) => workload))];
	return workloads.flatMap((workload) => {
		const own = rows.filter((row) => row.workload === workload);
		const seriesOf = (read: (row: LoadRow) => Interval | null): Series[] =>
			[...new Set(own.map(({ policy }) => policy))].map((policy) => ({
				name: policy,
				isJoined: true,
				points: own
					.filter((row) => row.policy === policy && row.load <= MOST_LOAD)
					.flatMap((row) => pointOf(row.load, read(row))),
			}));
		const offered = "offered load, times the capacity";
		return [
			plot("load", `goodput-${workload}`, {
				title: `${workload}: answers within the deadline`,
				xLabel: offered,
				yLabel: "of the capacity",
				yScale: "linear",
				series: seriesOf((row) => row.shareOfCapacity),
			}),
			plot("load", `p99-${workload}`, {
				title: `${workload}: p99 of answers`,
				xLabel: offered,
				yLabel: "p99, ms",
				yScale: "log",
				series: seriesOf((row) => row.p99Ms),
			}),
		];
	});
}

/** Where the policies differ; 10 × the capacity would press the rest together. */
const MOST_LOAD = 3;

interface SweepRow {
	readonly rows: number;
	readonly offeredPerSecond: number;
	readonly answersPerSecond: number;
	readonly p99Ms: number;
}

interface Standing {
	readonly contender: string;
	readonly offeredPerSecond: number;
	readonly answersPerSecond: Interval;
	readonly p99Ms: Interval;
}

function batchingPlots(results: ReadonlyMap<string, BenchResult>): Plot[] {
	return [...results]
		.filter(([, { sweep, standings }]) => sweep && standings)
		.map(([name, result]) => {
			const standings = result["standings"] as Standing[];
			const offered = Math.max(...standings.map((one) => one.offeredPerSecond));
			const sweep = (result["sweep"] as SweepRow[]).filter(
				(row) => Math.round(row.offeredPerSecond) === offered,
			);
			const sizes = [...new Set(sweep.map(({ rows }) => rows))];
			const alone = standings.filter(
				({ contender, offeredPerSecond }) =>
					offeredPerSecond === offered && !contender.startsWith("fixed"),
			);
			return plot(name, `${name}-trade-off`, {
				title: `${offered}/s arrive: answers, and their p99`,
				xLabel: "answers/s",
				yLabel: "p99, ms",
				yScale: "linear",
				series: [
					...alone.map(({ contender, answersPerSecond, p99Ms }) => ({
						name: contender,
						isJoined: false,
						points: pointOf(answersPerSecond.median, p99Ms),
					})),
					...sizes.map((rows) => ({
						name: `fixed ${rows}, its sweep`,
						isJoined: false,
						points: sweep
							.filter((row) => row.rows === rows)
							.map((row) => ({ x: row.answersPerSecond, y: row.p99Ms })),
					})),
				],
			});
		});
}

interface TelemetryRow {
	readonly wire: string;
	readonly sockets: number;
	readonly offeredPerSecond: number;
	readonly p99Ms: number;
}

/** Each wire's p99 up to its knee; of REST for each number of connections. */
function telemetryPlots(results: ReadonlyMap<string, BenchResult>): Plot[] {
	const name = "claims-telemetry";
	const rows = (results.get(name)?.["curve"] ?? []) as TelemetryRow[];
	if (rows.length === 0) return [];
	const nameOf = ({ wire, sockets }: TelemetryRow) =>
		wire === "rest" ? `REST, ${sockets} connections` : "one stream";
	return [
		plot(name, `${name}-curve`, {
			title: "readings offered, and the p99 of their outcomes",
			xLabel: "readings/s",
			yLabel: "p99, ms",
			yScale: "log",
			series: [...new Set(rows.map(nameOf))].map((series) => ({
				name: series,
				isJoined: false,
				points: rows
					.filter((row) => nameOf(row) === series)
					.map((row) => ({ x: row.offeredPerSecond, y: row.p99Ms })),
			})),
		}),
	];
}

interface ThroughRow {
	readonly sinceWrittenMs: number;
	readonly swappedP50Ms: number;
	readonly swappedP99Ms: number;
	readonly otherP99Ms: number;
}

/** Latency through the swap, all swaps laid over one another. */
function swapPlots(results: ReadonlyMap<string, BenchResult>): Plot[] {
	const rows = (results.get("swap")?.["through"] ?? []) as ThroughRow[];
	if (rows.length === 0) return [];
	const series = (name: string, read: (row: ThroughRow) => number): Series => ({
		name,
		isJoined: true,
		points: rows.map((row) => ({ x: row.sinceWrittenMs, y: read(row) })),
	});
	return [
		plot("swap", "swap-through", {
			title: "latency by when a request came, since the new file was written",
			xLabel: "ms since the file was written",
			yLabel: "ms",
			yScale: "log",
			series: [
				series("swapped model, p50", (row) => row.swappedP50Ms),
				series("swapped model, p99", (row) => row.swappedP99Ms),
				series("other model, p99", (row) => row.otherP99Ms),
			],
		}),
	];
}

function plot(result: string, name: string, chart: Chart): Plot {
	return {
		result,
		file: `${name}.svg`,
		title: chart.title,
		svg: renderChart(chart),
	};
}

function pointOf(x: number, y: Interval | null): Point[] {
	return y === null ? [] : [{ x, y: y.median, interval: y }];
}
