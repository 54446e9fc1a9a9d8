// Statistics of paired rounds: medians, and the 95 % interval of a ratio by the percentile bootstrap
// (Efron 1979) over rounds, with a fixed seed so that a results file can be recomputed.

import { mulberry32 } from "../../packages/server/src/load-generator/random.ts";

export { mulberry32 };

export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	const upper = sorted[middle];
	if (upper === undefined) throw new Error("median of no values");
	return sorted.length % 2 === 1
		? upper
		: ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export interface Interval {
	readonly median: number;
	readonly low: number;
	readonly high: number;
}

const RESAMPLES = 2000;

/** Median and 95 % interval of `values`; with fewer than 5 rounds the interval is the range. */
export function interval(values: readonly number[]): Interval {
	const sorted = [...values].sort((a, b) => a - b);
	const low = sorted[0] ?? Number.NaN;
	const high = sorted.at(-1) ?? Number.NaN;
	if (values.length < 5) return { median: median(values), low, high };
	const random = mulberry32(1);
	const medians: number[] = [];
	for (let i = 0; i < RESAMPLES; i++) {
		const sample = values.map(
			() => values[Math.floor(random() * values.length)] ?? low,
		);
		medians.push(median(sample));
	}
	medians.sort((a, b) => a - b);
	return {
		median: median(values),
		low: medians[Math.floor(RESAMPLES * 0.025)] ?? low,
		high: medians[Math.ceil(RESAMPLES * 0.975) - 1] ?? high,
	};
}

/** Ratios ours/baseline, round by round. */
export function pairedRatio(
	ours: readonly number[],
	baseline: readonly number[],
): Interval {
	return interval(ours.map((value, i) => value / (baseline[i] ?? Number.NaN)));
}
