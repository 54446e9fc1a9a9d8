// What rounds come to: a line a target, and the curve of the plot.
import { type Interval, interval, pairedRatio } from "../lib/stats.ts";
import type { Restart, Way } from "./alone.ts";
import { quantile } from "./facts.ts";
import { SETTLE_MS } from "./rig.ts";
import type { Round } from "./rounds.ts";

export interface TargetLine {
	readonly what: string;
	readonly unit: string;
	readonly value: Interval;
	/** The same without swaps, or null. */
	readonly control: Interval | null;
	readonly target: string;
	/** The whole interval is within it; null: it is shown beside the others. */
	readonly met: boolean | null;
}

export interface ThroughPoint {
	readonly sinceWrittenMs: number;
	readonly swappedP50Ms: number;
	readonly swappedP99Ms: number;
	readonly otherP99Ms: number;
	readonly answers: number;
}

export function targetsOf(rounds: readonly Round[]): TargetLine[] {
	const swaps = rounds.flatMap((round) => round.swaps);
	const during = (of: (facts: Round["during"]) => number) =>
		interval(rounds.map((round) => of(round.during)));
	const control = (of: (facts: Round["during"]) => number) =>
		interval(rounds.map((round) => of(round.control)));
	const ratio = (of: (facts: Round["during"]) => number) =>
		pairedRatio(
			rounds.map((round) => of(round.during)),
			rounds.map((round) => of(round.control)),
		);
	const rest = swaps.map(
		(one) => one.servedAtMs - one.writtenAtMs - SETTLE_MS - one.loadMs,
	);
	const failed = rounds.reduce((sum, round) => sum + round.during.failed, 0);
	return [
		line("requests that were not answered", "", exactly(failed), { atMost: 0 }),
		line(
			"p99.9 of the swapped model, with swaps over without",
			"×",
			ratio((one) => one.swappedP999Ms),
			{ atMost: 2 },
		),
		line(
			"p99 of the other model, with swaps over without",
			"×",
			ratio((one) => one.otherP99Ms),
			{ atMost: 1.2 },
		),
		line(
			"delay of the event loop, p99",
			"ms",
			during((one) => one.loopDelayP99Ms),
			{ atMost: 5 },
			control((one) => one.loopDelayP99Ms),
		),
		line(
			"the switch itself, longest",
			"ms",
			exactly(Math.max(...swaps.map((one) => one.switchUs)) / 1000),
			{ atMost: 1 },
		),
		line(
			"from written to in service, beside settle time and load",
			"ms",
			interval(rest),
			{ atMost: 100 },
		),
		line("the same, longest", "ms", exactly(Math.max(...rest)), null),
		line(
			"load: prepare, load, validate, warm up",
			"ms",
			interval(swaps.map((one) => one.loadMs)),
			null,
		),
		line(
			"longest time in which the swapped model answered nobody",
			"ms",
			during((one) => one.swappedGapMs),
			null,
			control((one) => one.swappedGapMs),
		),
		line(
			"p50 of the swapped model",
			"ms",
			during((one) => one.swappedP50Ms),
			null,
			control((one) => one.swappedP50Ms),
		),
		line(
			"p99 of the swapped model",
			"ms",
			during((one) => one.swappedP99Ms),
			null,
			control((one) => one.swappedP99Ms),
		),
		line(
			"p99.9 of the swapped model",
			"ms",
			during((one) => one.swappedP999Ms),
			null,
			control((one) => one.swappedP999Ms),
		),
		line(
			"p99 of the other model",
			"ms",
			during((one) => one.otherP99Ms),
			null,
			control((one) => one.otherP99Ms),
		),
		line(
			"p99.9 of the other model",
			"ms",
			during((one) => one.otherP999Ms),
			null,
			control((one) => one.otherP999Ms),
		),
	];
}

export function throughOf(rounds: readonly Round[]): ThroughPoint[] {
	const [first] = rounds;
	return (first?.through ?? []).map(({ fromMs }, index) => {
		const of = (side: "swappedMs" | "otherMs") =>
			rounds
				.flatMap((round) => round.through[index]?.[side] ?? [])
				.sort((a, b) => a - b);
		const swapped = of("swappedMs");
		return {
			sinceWrittenMs: fromMs,
			swappedP50Ms: quantile(swapped, 0.5),
			swappedP99Ms: quantile(swapped, 0.99),
			otherP99Ms: quantile(of("otherMs"), 0.99),
			answers: swapped.length,
		};
	});
}

export function waysTable(
	ways: readonly Way[],
	restarts: readonly Restart[],
): readonly (readonly [what: string, value: Interval])[] {
	const of = (file: Way["file"], value: (way: Way) => number) =>
		interval(ways.filter((way) => way.file === file).map(value));
	return [
		[
			"first seen: written to in service",
			of("first seen", (way) => way.intoServiceMs),
		],
		["first seen: of it preparing", of("first seen", (way) => way.preparingMs)],
		[
			"first seen: beside settle time and load",
			of("first seen", (way) => way.restMs),
		],
		[
			"prepared: written to in service",
			of("prepared", (way) => way.intoServiceMs),
		],
		["prepared: load", of("prepared", (way) => way.loadMs)],
		[
			"prepared: beside settle time and load",
			of("prepared", (way) => way.restMs),
		],
		[
			"restart: nobody is answered for",
			interval(restarts.map((one) => one.stopMs + one.startMs)),
		],
	];
}

function line(
	what: string,
	unit: string,
	value: Interval,
	target: { readonly atMost: number } | null,
	control: Interval | null = null,
): TargetLine {
	return {
		what,
		unit,
		value,
		control,
		target: target === null ? "" : `≤ ${target.atMost}`,
		met: target === null ? null : value.high <= target.atMost,
	};
}

function exactly(value: number): Interval {
	return { median: value, low: value, high: value };
}
