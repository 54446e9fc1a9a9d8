// What the latencies of some windows come to.
import type { LoadReport } from "./load-process.ts";
import type { SwapTimes } from "./rig.ts";

/** Some windows of one kind, one after the other. */
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

/** What one window gave: a report of the swapped model, and one of the other. */
export type Reports = readonly LoadReport[];

const BIN_MS = 25;

/** @param unansweredMs what a request counts for that was not answered */
export function factsOf(
	windows: readonly Reports[],
	loopDelayP99Ms: number,
	unansweredMs: number,
): WindowFacts {
	const all = windows.flat();
	const sum = (of: (report: LoadReport) => number) =>
		all.reduce((total, report) => total + of(report), 0);
	const failedOf = ({ scheduled, outcomes }: LoadReport) =>
		scheduled - outcomes.inTime - outcomes.late;
	const sortedOf = (model: number) =>
		windows
			.flatMap((window) => {
				const report = reportOf(window, model);
				const unanswered = new Array<number>(failedOf(report));
				return [...report.latencyMs, ...unanswered.fill(unansweredMs)];
			})
			.sort((a, b) => a - b);
	const [swapped, other] = [sortedOf(0), sortedOf(1)];
	return {
		scheduled: sum(({ scheduled }) => scheduled),
		failed: sum(failedOf),
		swappedP50Ms: quantile(swapped, 0.5),
		swappedP99Ms: quantile(swapped, 0.99),
		swappedP999Ms: quantile(swapped, 0.999),
		swappedGapMs: Math.max(
			...windows.map((window) => longestGapMs(reportOf(window, 0))),
		),
		otherP50Ms: quantile(other, 0.5),
		otherP99Ms: quantile(other, 0.99),
		otherP999Ms: quantile(other, 0.999),
		loopDelayP99Ms,
		clientLateP99Ms: Math.max(...all.map((one) => one.latenessP99Us)) / 1000,
		clientCores: Math.max(...all.map((one) => one.clientCores)),
	};
}

/** By time since the file was written, up to `untilMs`. */
export function binsOf(
	windows: readonly Reports[],
	swaps: readonly SwapTimes[],
	untilMs: number,
): Bin[] {
	const count = Math.ceil(untilMs / BIN_MS);
	const empty = () => Array.from({ length: count }, () => [] as number[]);
	const [swappedMs, otherMs] = [empty(), empty()];
	const writtenMs = swaps.map(({ writtenAtMs }) => writtenAtMs);
	for (const window of windows) {
		fill(swappedMs, reportOf(window, 0), writtenMs);
		fill(otherMs, reportOf(window, 1), writtenMs);
	}
	return swappedMs.map((swapped, index) => ({
		fromMs: index * BIN_MS,
		swappedMs: swapped,
		otherMs: otherMs[index] ?? [],
	}));
}

function fill(
	bins: readonly number[][],
	{ atMs, latencyMs }: LoadReport,
	writtenMs: readonly number[],
): void {
	for (const [index, at] of atMs.entries()) {
		const last = writtenMs.findLast((written) => written <= at);
		if (last === undefined) continue;
		bins[Math.floor((at - last) / BIN_MS)]?.push(latencyMs[index] ?? 0);
	}
}

function reportOf(window: Reports, model: number): LoadReport {
	const report = window[model];
	if (report === undefined) throw new Error("two models are loaded");
	return report;
}

/** Of ascending numbers. */
export function quantile(sorted: readonly number[], share: number): number {
	const index = Math.floor(share * sorted.length);
	return sorted[Math.min(sorted.length - 1, index)] ?? 0;
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
