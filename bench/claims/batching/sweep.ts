// The best settings of a fixed batch size: one window for each queue delay and queue size, under the arrivals that it
// is then measured at.

import type { Contender } from "./contenders.ts";
import { type FixedSettings, fixedAt } from "./contenders.ts";
import type { Lap, Track } from "./race.ts";

/** A rate within it of the best is as good; the lower p99 decides then. */
const AS_GOOD = 0.99;
const SWEEP_SECONDS = 1.5;

export interface SweepGrid {
	readonly delaysMs: readonly number[];
	/** Batches that may wait. */
	readonly queuedBatches: readonly number[];
}

export interface SweepPoint extends FixedSettings {
	readonly offeredPerSecond: number;
	readonly answersPerSecond: number;
	readonly p99Ms: number;
	readonly isBest: boolean;
}

export async function sweepFixed(
	track: Track,
	{
		rows,
		ratePerSecond,
		grid,
	}: {
		readonly rows: 8 | 16;
		readonly ratePerSecond: number;
		readonly grid: SweepGrid;
	},
	log: (text: string) => void,
): Promise<{ readonly best: Contender; readonly points: SweepPoint[] }> {
	const settings = grid.delaysMs.flatMap((delayMs) =>
		grid.queuedBatches.map((batches) => ({
			rows,
			delayMs,
			queueSize: batches * rows,
		})),
	);
	const laps: Lap[] = [];
	for (const one of settings) {
		const contender = fixedAt(one);
		const race = { contenders: [contender], ratePerSecond, rounds: 1 };
		const result = await track.run({ ...race, seconds: SWEEP_SECONDS }, log);
		laps.push(result.get(contender)![0]!);
	}
	const at = bestOf(laps);
	return {
		best: fixedAt(settings[at]!),
		points: laps.map(({ answersPerSecond, p99Ms }, i) => ({
			...settings[i]!,
			offeredPerSecond: ratePerSecond,
			answersPerSecond,
			p99Ms,
			isBest: i === at,
		})),
	};
}

/** Index of the one that answers most; of those that answer as many, the one with the lowest p99. */
export function bestOf(
	laps: readonly Pick<Lap, "answersPerSecond" | "p99Ms">[],
): number {
	const most = Math.max(
		...laps.map(({ answersPerSecond }) => answersPerSecond),
	);
	let best = -1;
	for (const [i, lap] of laps.entries()) {
		if (lap.answersPerSecond < AS_GOOD * most) continue;
		if (best < 0 || lap.p99Ms < laps[best]!.p99Ms) best = i;
	}
	return best;
}
