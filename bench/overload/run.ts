// What overload costs; see usage.ts.
import { benchArguments } from "../lib/arguments.ts";
import { showInterval, table, writeResults } from "../lib/report.ts";
import { type Interval, interval } from "../lib/stats.ts";
import {
	type Lateness,
	measureGrpcExpiry,
	measureRemoteExpiry,
	measureSchedulerExpiry,
} from "./expiry.ts";
import { measureRefusals, type RefusalCost } from "./refusal.ts";

const ROUNDS = 5;
const SECONDS = 3;
const MAX_EARLY_MS = 0.5;
const MAX_LATER_MS = 0.5;
const rounds = benchArguments.number("--rounds", ROUNDS);
const seconds = benchArguments.number("--seconds", SECONDS);

interface Row {
	readonly id: string;
	readonly measured: Interval;
	readonly unit: string;
	readonly beside: Interval | null;
	readonly target: string;
	/** The whole interval meets it; null: there is no target. */
	readonly met: boolean | null;
}

async function inRounds<T>(measure: () => Promise<T>): Promise<T[]> {
	const samples: T[] = [];
	for (let round = 0; round < rounds; round++) samples.push(await measure());
	return samples;
}

function atMost(
	id: string,
	values: readonly number[],
	unit: string,
	limit: number,
	beside: Interval | null = null,
	target = `≤ ${limit} ${unit}`,
): Row {
	const measured = interval(values);
	return { id, measured, unit, beside, target, met: measured.high <= limit };
}

function refusalRows(samples: readonly RefusalCost[]): Row[] {
	const of = (read: (cost: RefusalCost) => number) => samples.map(read);
	return [
		atMost(
			"refusal-602KB/cpu",
			of(({ cpuUs }) => cpuUs),
			"µs",
			20,
		),
		atMost(
			"refusal-602KB/sent",
			of(({ sentBytes }) => sentBytes / 1024),
			"KiB",
			64,
		),
		atMost(
			"refusal-602KB/most-sent",
			of(({ mostSentBytes }) => mostSentBytes / 1024),
			"KiB",
			64,
		),
		atMost(
			"refusal-602KB/resident-growth",
			of(({ growthMb }) => growthMb),
			"MB",
			150,
		),
	];
}

function expiryRows(id: string, samples: readonly Lateness[]): Row[] {
	return [
		atMost(
			`${id}/early`,
			samples.map(({ earlyMs }) => earlyMs),
			"ms",
			MAX_EARLY_MS,
		),
		atMost(
			`${id}/p99-beyond-bare-timer`,
			samples.map(({ p99Ms, bareP99Ms }) => p99Ms - bareP99Ms),
			"ms",
			MAX_LATER_MS,
			interval(samples.map(({ bareP99Ms }) => bareP99Ms)),
		),
	];
}

const parts: readonly {
	readonly id: string;
	readonly rows: () => Promise<Row[]>;
}[] = [
	{
		id: "refusal-602KB",
		rows: async () =>
			refusalRows(await inRounds(() => measureRefusals(seconds))),
	},
	{
		id: "expiry-scheduler",
		rows: async () =>
			expiryRows(
				"expiry-scheduler",
				await inRounds(() => measureSchedulerExpiry(seconds)),
			),
	},
	{
		id: "expiry-grpc",
		rows: async () =>
			expiryRows(
				"expiry-grpc",
				await inRounds(() => measureGrpcExpiry(seconds)),
			),
	},
	{
		id: "expiry-remote",
		rows: async () =>
			expiryRows(
				"expiry-remote",
				await inRounds(() => measureRemoteExpiry(seconds)),
			).map((row) => ({ ...row, target: "", met: null })),
	},
];

const rows: Row[] = [];
for (const part of parts)
	if (benchArguments.pattern.test(part.id)) rows.push(...(await part.rows()));
console.log(
	table(
		["row", "unit", "measured [95 %]", "bare timer p99", "target", "met"],
		rows.map((row) => [
			row.id,
			row.unit,
			showInterval(row.measured, 2),
			row.beside === null ? "" : showInterval(row.beside, 2),
			row.target,
			row.met === null ? "" : row.met ? "yes" : "no",
		]),
	),
);
if (
	benchArguments.pattern.source === "(?:)" &&
	rounds >= ROUNDS &&
	seconds >= SECONDS
)
	console.log(
		writeResults(
			"overload",
			`npm run bench -- overload --rounds ${rounds} --seconds ${seconds}`,
			{
				rounds,
				seconds,
				table: rows,
			},
		),
	);
