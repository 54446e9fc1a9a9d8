// Rounds under load. In each, windows with swaps and windows without take turns, in pairs with the same arrivals, so
// that a slow second of the machine falls on both. They differ in nothing else: without swaps the same files are
// written at the same times, to where no server looks, and nobody asks the server for anything meanwhile.
import { setTimeout as delay } from "node:timers/promises";
import { collectGarbage } from "../../packages/server/src/common/collect-garbage.ts";
import { histogramQuantile, scrape } from "../lib/scrape.ts";
import {
	type Bin,
	binsOf,
	factsOf,
	type Reports,
	type WindowFacts,
} from "./facts.ts";
import type { Loads } from "./loads.ts";
import type { SwapRig, SwapTimes } from "./rig.ts";
import { SWAPPED, versionFile } from "./workload.ts";

export interface Round {
	/** Of each model. */
	readonly ratePerSecond: number;
	readonly swaps: readonly SwapTimes[];
	readonly during: WindowFacts;
	readonly control: WindowFacts;
	/** Latencies of the swapped model and of the other one by time since the file was written. */
	readonly through: readonly Bin[];
}

interface Window {
	readonly isControl: boolean;
	readonly reports: Reports;
	readonly swaps: readonly SwapTimes[];
	readonly loopDelayP99Ms: number;
}

/** From one file to the next: a swap and some quiet after it. */
export const SWAP_EVERY_MS = 550;
/** Pairs of windows in a round. */
const PAIRS = 4;
const LEAD_MS = 500;
const DEADLINE_MS = 1000;
const SHARE_OF_CAPACITY = 0.6;

/** So many swaps, or a few more, that each pair of a round has as many. */
export function inPairs(swapCount: number): number {
	return PAIRS * Math.ceil(swapCount / PAIRS);
}

/** Requests/s of each of the two models when both get as many as they can answer. */
async function findCapacity(rig: SwapRig, loads: Loads): Promise<number> {
	const reports = await loads.run({
		port: rig.server.grpcPort,
		ratePerSecond: null,
		inFlight: 16,
		seed: 1,
		deadlineMs: DEADLINE_MS,
		leadMs: 1000,
		windowMs: 2500,
	});
	const answered = reports.map(
		({ outcomes }) => outcomes.inTime + outcomes.late,
	);
	return Math.min(...answered) / 2.5;
}

/** At its share of the capacity that is found just before: the machine is not the same from minute to minute. */
export async function runRound(
	rig: SwapRig,
	loads: Loads,
	{
		swapCount,
		round,
	}: {
		/** A multiple of the pairs in a round. */
		readonly swapCount: number;
		readonly round: number;
	},
): Promise<Round> {
	const capacity = await findCapacity(rig, loads);
	const ratePerSecond = capacity * SHARE_OF_CAPACITY;
	const windows: Window[] = [];
	for (let pair = 0; pair < PAIRS; pair++) {
		const seed = round * PAIRS + pair + 1;
		const plan = { ratePerSecond, seed, count: swapCount / PAIRS };
		// Into the first window of a round falls the collection of what the search for the capacity left: it is of either kind.
		const isControlFirst = (round + pair) % 2 === 1;
		for (const isControl of [isControlFirst, !isControlFirst])
			windows.push(await runWindow(rig, loads, { ...plan, isControl }));
	}
	const during = windows.filter(({ isControl }) => !isControl);
	const control = windows.filter(({ isControl }) => isControl);
	const swaps = during.flatMap((window) => window.swaps);
	const reports = during.map((window) => window.reports);
	return {
		ratePerSecond,
		swaps,
		during: factsOfAll(during),
		control: factsOfAll(control),
		through: binsOf(reports, swaps, SWAP_EVERY_MS),
	};
}

async function runWindow(
	rig: SwapRig,
	loads: Loads,
	{
		ratePerSecond,
		seed,
		count,
		isControl,
	}: {
		readonly ratePerSecond: number;
		readonly seed: number;
		readonly count: number;
		readonly isControl: boolean;
	},
): Promise<Window> {
	const before = await scrape(rig.server.metricsPort);
	const lastId = await rig.lastSwapId(SWAPPED);
	// Ours is the process beside: it shall not collect what the last window left during this one.
	collectGarbage();
	const load = loads.run({
		port: rig.server.grpcPort,
		ratePerSecond,
		inFlight: 0,
		seed,
		deadlineMs: DEADLINE_MS,
		leadMs: LEAD_MS,
		windowMs: count * SWAP_EVERY_MS,
	});
	await delay(LEAD_MS);
	const writtenAtMs: number[] = [];
	const startMs = performance.now();
	for (let i = 0; i < count; i++) {
		// The bytes of one version after those of the other; those of the first serve when nothing was put yet.
		const file = versionFile(isControl ? i : rig.swapCount + 1);
		writtenAtMs.push(isControl ? rig.putAside(file) : rig.put(SWAPPED, file));
		await delay(startMs + (i + 1) * SWAP_EVERY_MS - performance.now());
	}
	const reports = await load;
	const swaps = isControl
		? []
		: await rig.swapsSince(SWAPPED, lastId, writtenAtMs);
	const after = await scrape(rig.server.metricsPort);
	const loopDelayP99Ms =
		1000 *
		histogramQuantile(after, "saccade_event_loop_delay_seconds", 0.99, before);
	return { isControl, reports, swaps, loopDelayP99Ms };
}

function factsOfAll(windows: readonly Window[]): WindowFacts {
	return factsOf(
		windows.map(({ reports }) => reports),
		Math.max(...windows.map(({ loopDelayP99Ms }) => loopDelayP99Ms)),
		DEADLINE_MS,
	);
}
