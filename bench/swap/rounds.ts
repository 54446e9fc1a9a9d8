// Rounds under load: in each a window with swaps and one without, the same arrivals, another one first each time.
import { setTimeout as delay } from "node:timers/promises";
import { histogramQuantile, scrape } from "../lib/scrape.ts";
import type { LoadReport } from "./load-process.ts";
import type { Loads } from "./loads.ts";
import type { SwapRig, SwapTimes } from "./rig.ts";
import { SWAPPED, versionFile } from "./workload.ts";

export interface Round {
	readonly swaps: readonly SwapTimes[];
	readonly during: WindowFacts;
	readonly control: WindowFacts;
	/** Latencies of the swapped model and of the other one by time since the file was written. */
	readonly through: readonly Bin[];
}

export interface WindowFacts {
	readonly scheduled: number;
	/** Not answered, whatever the reason. */
	readonly failed: number;
	readonly swappedP50Ms: number;
	readonly swappedP99Ms: number;
	readonly swappedP999Ms: number;
	/** Longest time in which the swapped model answered nobody. */
	readonly swappedGapMs: number;
	readonly otherP50Ms: number;
	readonly otherP99Ms: number;
	readonly otherP999Ms: number;
	readonly loopDelayP99Ms: number;
	readonly clientLateP99Ms: number;
	readonly clientCores: number;
}

/** Answers to requests that were to be sent in the bin. */
export interface Bin {
	readonly fromMs: number;
	readonly swappedMs: readonly number[];
	readonly otherMs: readonly number[];
}

/** From one file to the next: a swap and some quiet after it. */
export const SWAP_EVERY_MS = 550;
const BIN_MS = 25;
const LEAD_MS = 500;
const DEADLINE_MS = 1000;
export const SHARE_OF_CAPACITY = 0.6;

/** Requests/s of each of the two models when both get as many as they can answer. */
export async function findCapacity(
	rig: SwapRig,
	loads: Loads,
): Promise<number> {
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

export async function runRound(
	rig: SwapRig,
	loads: Loads,
	{
		swapCount,
		ratePerSecond,
		round,
	}: {
		readonly swapCount: number;
		/** Of each model. */
		readonly ratePerSecond: number;
		readonly round: number;
	},
): Promise<Round> {
	const window = async (isControl: boolean) => {
		const before = await scrape(rig.server.metricsPort);
		const load = loads.run({
			port: rig.server.grpcPort,
			ratePerSecond,
			inFlight: 0,
			seed: round + 1,
			deadlineMs: DEADLINE_MS,
			leadMs: LEAD_MS,
			windowMs: swapCount * SWAP_EVERY_MS,
		});
		await delay(LEAD_MS);
		const swaps = isControl ? [] : await swapOften(rig, swapCount, round);
		const reports = await load;
		const after = await scrape(rig.server.metricsPort);
		const loopDelayP99Ms =
			1000 *
			histogramQuantile(
				after,
				"saccade_event_loop_delay_seconds",
				0.99,
				before,
			);
		return { swaps, reports, facts: factsOf(reports, loopDelayP99Ms) };
	};
	const isControlFirst = round % 2 === 0;
	const first = await window(isControlFirst);
	const second = await window(!isControlFirst);
	const [control, during] = isControlFirst ? [first, second] : [second, first];
	return {
		swaps: during.swaps,
		during: during.facts,
		control: control.facts,
		through: binsOf(during.reports, during.swaps),
	};
}

async function swapOften(
	rig: SwapRig,
	count: number,
	round: number,
): Promise<SwapTimes[]> {
	const swaps: SwapTimes[] = [];
	for (let i = 0; i < count; i++) {
		const startMs = performance.now();
		// The file that serves is version 0 at the start of each round with an even count of swaps behind it.
		swaps.push(await rig.swap(SWAPPED, versionFile(round * count + i + 1)));
		await delay(Math.max(0, SWAP_EVERY_MS - (performance.now() - startMs)));
	}
	return swaps;
}

function factsOf(
	[swapped, other]: readonly LoadReport[],
	loopDelayP99Ms: number,
): WindowFacts {
	if (swapped === undefined || other === undefined)
		throw new Error("two models are loaded");
	const all = [swapped, other];
	const sum = (of: (report: LoadReport) => number) =>
		all.reduce((total, report) => total + of(report), 0);
	const ms = (us: number | null) => (us ?? DEADLINE_MS * 1000) / 1000;
	return {
		scheduled: sum(({ scheduled }) => scheduled),
		failed: sum(
			({ scheduled, outcomes }) => scheduled - outcomes.inTime - outcomes.late,
		),
		swappedP50Ms: ms(swapped.p50Us),
		swappedP99Ms: ms(swapped.p99Us),
		swappedP999Ms: ms(swapped.p999Us),
		swappedGapMs: longestGapMs(swapped),
		otherP50Ms: ms(other.p50Us),
		otherP99Ms: ms(other.p99Us),
		otherP999Ms: ms(other.p999Us),
		loopDelayP99Ms,
		clientLateP99Ms: Math.max(...all.map((one) => one.latenessP99Us)) / 1000,
		clientCores: Math.max(...all.map((one) => one.clientCores)),
	};
}

function longestGapMs({ atMs, latencyMs }: LoadReport): number {
	const answeredMs = atMs
		.map((at, index) => at + (latencyMs[index] ?? 0))
		.sort((a, b) => a - b);
	let longest = 0;
	for (let i = 1; i < answeredMs.length; i++)
		longest = Math.max(longest, answeredMs[i]! - answeredMs[i - 1]!);
	return longest;
}

function binsOf(
	[swapped, other]: readonly LoadReport[],
	swaps: readonly SwapTimes[],
): Bin[] {
	const bins: Bin[] = [];
	for (let fromMs = 0; fromMs < SWAP_EVERY_MS; fromMs += BIN_MS)
		bins.push({
			fromMs,
			swappedMs: latenciesIn(swapped, swaps, fromMs),
			otherMs: latenciesIn(other, swaps, fromMs),
		});
	return bins;
}

function latenciesIn(
	report: LoadReport | undefined,
	swaps: readonly SwapTimes[],
	fromMs: number,
): number[] {
	if (report === undefined) return [];
	return report.latencyMs.filter((_, index) => {
		const atMs = report.atMs[index] ?? 0;
		return swaps.some(({ writtenAtMs }) => {
			const sinceMs = atMs - writtenAtMs;
			return sinceMs >= fromMs && sinceMs < fromMs + BIN_MS;
		});
	});
}
