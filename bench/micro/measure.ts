// Times prepared cases with mitata, in interleaved rounds.
import { measure } from "mitata";
import { allocatedBytes } from "./allocations.ts";
import type { AnyCase, ReadyCase } from "./case.ts";

/** Of one round, per request, in µs. */
export interface Timing {
	/** Mean: what collecting garbage costs is in it. */
	readonly meanUs: number;
	readonly p50Us: number;
	readonly p99Us: number;
	/** Per request; `allocations.ts` tells what is in it. */
	readonly allocatedBytes: number;
}

export interface MeasuredCase {
	readonly case: AnyCase;
	readonly rounds: readonly Timing[];
}

export interface MeasureOptions {
	readonly roundCount: number;
	/** Timed per case and round. */
	readonly secondsPerRound: number;
}

/** Run so long untimed, so that what is timed is compiled. */
const WARMUP_MS = 150;
/** Runs of a short step that are timed together. */
const RUNS_PER_SAMPLE = 256;
const NS_PER_US = 1000;

export async function measureCases(
	cases: readonly AnyCase[],
	{ roundCount, secondsPerRound }: MeasureOptions,
): Promise<MeasuredCase[]> {
	const prepared: { of: AnyCase; ready: ReadyCase; rounds: Timing[] }[] = [];
	try {
		for (const of of cases) {
			const ready = await of.prepare();
			prepared.push({ of, ready, rounds: [] });
			await warmUp(ready.step);
		}
		for (let round = 0; round < roundCount; round++)
			for (const { of, ready, rounds } of prepared)
				rounds.push(await time(of, ready.step, secondsPerRound));
	} finally {
		for (const { ready } of prepared) await ready.close();
	}
	return prepared.map(({ of, rounds }) => ({ case: of, rounds }));
}

async function warmUp(step: () => unknown): Promise<void> {
	const untilMs = performance.now() + WARMUP_MS;
	while (performance.now() < untilMs) await step();
}

async function time(
	{ requestCount }: AnyCase,
	step: () => unknown,
	seconds: number,
): Promise<Timing> {
	const stats = await measure(step, {
		min_cpu_time: seconds * 1e9,
		batch_samples: RUNS_PER_SAMPLE,
		// Its stand-in for a collector that is not exposed takes a gigabyte.
		gc: false,
	});
	const perRequestUs = (ns: number) => ns / NS_PER_US / requestCount;
	return {
		meanUs: perRequestUs(stats.avg),
		p50Us: perRequestUs(stats.p50),
		p99Us: perRequestUs(stats.p99),
		allocatedBytes: (await allocatedBytes(step)) / requestCount,
	};
}
