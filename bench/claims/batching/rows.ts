// Laps of a race → rows. Pure.
import { interval } from "../../lib/stats.ts";
import { type ClaimTarget, compare, type Row, type Side } from "../claim.ts";
import type { Contender } from "./contenders.ts";
import type { Lap } from "./race.ts";

export interface RaceResult {
	/** What is served, as the row begins. */
	readonly subject: string;
	readonly ratePerSecond: number;
	readonly laps: ReadonlyMap<Contender, readonly Lap[]>;
}

export interface RaceTargets {
	readonly throughput: ClaimTarget | null;
	readonly p99: ClaimTarget | null;
}

/** Answers and their p99, ours beside one baseline. */
export function raceRows(
	result: RaceResult,
	baseline: Contender,
	ours: Contender,
	targets: RaceTargets,
): Row[] {
	const { subject, ratePerSecond } = result;
	const at = `${subject}, ${Math.round(ratePerSecond)}/s arrive: dynamic over ${baseline.name}`;
	const row = (
		name: string,
		unit: string,
		read: (lap: Lap) => number,
		target: ClaimTarget | null,
	) =>
		compare(
			{ claim: `${at}, ${name}`, unit },
			sideOf(result, baseline, read),
			sideOf(result, ours, read),
			target,
		);
	return [
		row("answers", "/s", (lap) => lap.answersPerSecond, targets.throughput),
		row("p99 of answers", "ms", (lap) => lap.p99Ms, targets.p99),
	];
}

/** Everybody in a race, by name: what the rows compare, and the plots show. */
export function standings({ ratePerSecond, laps }: RaceResult): object[] {
	return [...laps].map(([{ name, settings }, own]) => {
		const of = (read: (lap: Lap) => number) => interval(own.map(read));
		return {
			contender: name,
			offeredPerSecond: Math.round(ratePerSecond),
			answersPerSecond: of((lap) => lap.answersPerSecond),
			p99Ms: of((lap) => lap.p99Ms),
			deviceBusy: of((lap) => lap.deviceBusy),
			rowsPerRun: of((lap) => lap.rowsPerRun),
			cpuUsPerAnswer: of((lap) => lap.cpuUsPerAnswer),
			settings,
		};
	});
}

export function busyRow(
	result: RaceResult,
	baseline: Contender,
	ours: Contender,
	target: ClaimTarget | null,
): Row {
	const { subject, ratePerSecond } = result;
	const busy = (lap: Lap) => lap.deviceBusy;
	return compare(
		{
			claim: `${subject}, ${Math.round(ratePerSecond)}/s arrive: device busy, dynamic over ${baseline.name}`,
			unit: "of the time",
		},
		sideOf(result, baseline, busy),
		sideOf(result, ours, busy),
		target,
	);
}

function sideOf(
	{ laps }: RaceResult,
	contender: Contender,
	read: (lap: Lap) => number,
): Side {
	const own = laps.get(contender) ?? [];
	return {
		settings: contender.settings,
		values: own.map(read),
		cpuUs: own.map(({ cpuUsPerAnswer }) => cpuUsPerAnswer),
	};
}
