// A claim: something that the server does better than a stated alternative, as rows that can fail. A module measures
// both sides in interleaved rounds and hands its rows to `bench claims`, which prints and keeps them.
import {
	type Interval,
	interval as intervalOf,
	pairedRatio,
} from "../lib/stats.ts";

/** What one side did, round by round, and under which settings. */
export interface Side {
	/** What it is and how it was set, as a reader needs it to do the same. */
	readonly settings: string;
	/** One value a round, in the row's unit. */
	readonly values: readonly number[];
	/** CPU of the server's process per answered request, all threads, in µs, by round. @default not a row about requests */
	readonly cpuUs?: readonly number[];
}

/** `ratio` is ours over the baseline, paired by round; the other two are in the row's unit. */
export type ClaimTarget = {
	readonly of: "ratio" | "ours" | "baseline";
} & ({ readonly atLeast: number } | { readonly atMost: number });

/** One comparison and its verdict. Flat, so that it is a line of a table as it is. */
export interface Row {
	readonly claim: string;
	readonly unit: string;
	readonly baseline: Interval;
	readonly ours: Interval;
	/** Median of ours over the baseline, paired by round. */
	readonly ratio: number;
	/** Its 95 % interval. */
	readonly interval: Readonly<{ low: number; high: number }>;
	readonly target: string;
	/** null: shown beside the others, and held to nothing. */
	readonly met: boolean | null;
	readonly baselineCpuUs: Interval | null;
	readonly oursCpuUs: Interval | null;
	readonly baselineIs: string;
	readonly oursIs: string;
}

export interface ClaimOptions {
	/** Interleaved, each with both sides. */
	readonly rounds: number;
	/** Of each measured window. */
	readonly seconds: number;
	/** Progress, for who watches; never on stdout. */
	readonly log: (text: string) => void;
	/** Keeps a further table in the results file: how a baseline's settings were found, what a curve is. */
	readonly attach: (name: string, rows: readonly object[]) => void;
}

export interface ClaimModule {
	/** A word: what the pattern of the command line finds, and `results/claims-NAME.json`. */
	readonly name: string;
	/** One sentence. */
	readonly claim: string;
	run(options: ClaimOptions): Promise<Row[]>;
}

/** @param target null: the row is held to nothing */
export function compare(
	what: { readonly claim: string; readonly unit: string },
	baseline: Side,
	ours: Side,
	target: ClaimTarget | null,
): Row {
	const ratio = pairedRatio(ours.values, baseline.values);
	const measured = {
		ratio,
		ours: intervalOf(ours.values),
		baseline: intervalOf(baseline.values),
	};
	return {
		...what,
		baseline: measured.baseline,
		ours: measured.ours,
		ratio: ratio.median,
		interval: { low: ratio.low, high: ratio.high },
		target: target === null ? "" : showTarget(target),
		met: target === null ? null : isMet(target, measured[target.of]),
		baselineCpuUs: cpuOf(baseline),
		oursCpuUs: cpuOf(ours),
		baselineIs: baseline.settings,
		oursIs: ours.settings,
	};
}

/** The whole interval has to meet it. */
function isMet(target: ClaimTarget, { low, high }: Interval): boolean {
	return "atLeast" in target ? low >= target.atLeast : high <= target.atMost;
}

function showTarget(target: ClaimTarget): string {
	return "atLeast" in target
		? `${target.of} ≥ ${target.atLeast}`
		: `${target.of} ≤ ${target.atMost}`;
}

function cpuOf({ cpuUs }: Side): Interval | null {
	return cpuUs === undefined ? null : intervalOf(cpuUs);
}
