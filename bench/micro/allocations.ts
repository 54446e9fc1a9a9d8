// What a step allocates: growth of `heapUsed` plus `arrayBuffers` (process.memoryUsage) over as many runs as fill a
// small part of the young generation, so that the collector runs in few of the samples, of which the median is taken.
// Memory of native libraries and of pools that stand is not in it.
import { median } from "../lib/stats.ts";

const ENOUGH_BYTES = 64 * 1024;
/** Of a sample: a long step shows what it allocates in few runs. */
const ENOUGH_MS = 2;
const SAMPLES = 9;

/** Bytes that one run of a warm step allocates. */
export async function allocatedBytes(step: () => unknown): Promise<number> {
	const runs = await runsOfSample(step);
	const ofNone = await medianGrowth(step, 0);
	const ofRuns = await medianGrowth(step, runs);
	return Math.max(0, ofRuns - ofNone) / runs;
}

async function runsOfSample(step: () => unknown): Promise<number> {
	for (let runs = 1; ; runs *= 2) {
		const startMs = performance.now();
		const grown = await grownBytes(step, runs);
		if (grown >= ENOUGH_BYTES || performance.now() - startMs >= ENOUGH_MS)
			return runs;
	}
}

async function medianGrowth(
	step: () => unknown,
	runs: number,
): Promise<number> {
	const samples: number[] = [];
	for (let sample = 0; sample < SAMPLES; sample++)
		samples.push(await grownBytes(step, runs));
	return median(samples);
}

async function grownBytes(step: () => unknown, runs: number): Promise<number> {
	const before = process.memoryUsage();
	for (let run = 0; run < runs; run++) {
		const result = step();
		// A step that is not asynchronous must not pay for a promise here.
		if (result instanceof Promise) await result;
	}
	const after = process.memoryUsage();
	return (
		after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
	);
}
