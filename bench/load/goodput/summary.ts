// Windows of one workload → its rows and verdicts, and rows → tables. Ratios are taken inside a round.

import { REQUEST_OUTCOMES } from "../../../packages/server/src/load-generator/outcome.ts";
import { showInterval, table } from "../../lib/report.ts";
import { type Interval, interval } from "../../lib/stats.ts";
import type { Window } from "./generator.ts";
import type { PolicyName } from "./policies.ts";
import { type GoodputVerdict, judgeGoodput } from "./targets.ts";
import type { GoodputWorkload } from "./workloads.ts";

/** One window of one policy. */
export interface Sample {
	readonly round: number;
	readonly policy: PolicyName;
	/** Times the capacity that the search found. */
	readonly load: number;
	readonly window: Window;
	/** Above the warm server. */
	readonly growthMb: number;
}

export interface LoadRow {
	readonly workload: string;
	readonly policy: PolicyName;
	readonly load: number;
	readonly offeredPerSecond: number;
	readonly goodputPerSecond: Interval;
	readonly shareOfCapacity: Interval;
	/** null: no answers, or none in some round. */
	readonly p50Ms: Interval | null;
	readonly p99Ms: Interval | null;
	readonly p999Ms: Interval | null;
	/** Of all requests of all rounds. */
	readonly outcomes: string;
	readonly refusedBecause: string;
	readonly growthMb: Interval;
	readonly serverCores: Interval;
	readonly clientCores: Interval;
	/** Of the generator. */
	readonly latenessP99Ms: Interval;
}

export interface GoodputSummary {
	readonly capacity: {
		readonly workload: string;
		readonly deadlineMs: number;
		/** By the search; loads are multiples of it. */
		readonly searched: number;
		/** Best within the deadline at 0.7 to 1.2 of it that `deadline` or `triton` reached, round by round. */
		readonly perSecond: Interval;
	};
	readonly rows: readonly LoadRow[];
	readonly verdicts: readonly (GoodputVerdict & {
		readonly workload: string;
	})[];
}

const CAPACITY_LOADS = { from: 0.7, to: 1.2 } as const;
const OURS: PolicyName = "deadline";
const BASELINE: PolicyName = "triton";

/** Of each round, in order. */
export function capacities(samples: readonly Sample[]): number[] {
	return roundsOf(samples).map((round) => {
		const rates = samples
			.filter(
				(one) =>
					one.round === round &&
					(one.policy === OURS || one.policy === BASELINE) &&
					one.load >= CAPACITY_LOADS.from &&
					one.load <= CAPACITY_LOADS.to,
			)
			.map(({ window }) => window.goodputPerSecond);
		return Math.max(...rates);
	});
}

export function summariseGoodput(
	workload: GoodputWorkload,
	searched: number,
	samples: readonly Sample[],
): GoodputSummary {
	const capacity = capacities(samples);
	const rows = groups(samples).map((group) =>
		loadRow(workload, group, capacity),
	);
	const shareAt = new Map(
		rows
			.filter(({ policy }) => policy === OURS)
			.map(({ load, shareOfCapacity }) => [load, shareOfCapacity]),
	);
	const overloads = samples.filter(
		({ policy, load }) => policy === OURS && load > CAPACITY_LOADS.to,
	);
	const measures = {
		shareAt,
		growthMb:
			overloads.length === 0
				? null
				: interval(
						roundsOf(overloads).map((round) =>
							Math.max(
								...overloads
									.filter((one) => one.round === round)
									.map(({ growthMb }) => growthMb),
							),
						),
					),
		throughputRatio: upToCapacity(samples, throughputRatio),
		p99Ratio: upToCapacity(samples, p99Ratio),
	};
	return {
		capacity: {
			workload: workload.id,
			deadlineMs: workload.deadlineMs,
			searched,
			perSecond: interval(capacity),
		},
		rows,
		verdicts: workload.targets.map((target) => ({
			workload: workload.id,
			...judgeGoodput(target, measures),
		})),
	};
}

function loadRow(
	{ id }: GoodputWorkload,
	group: readonly [Sample, ...Sample[]],
	capacity: readonly number[],
): LoadRow {
	const [{ policy, load, window }] = group;
	const of = (read: (window: Window) => number) =>
		interval(group.map((sample) => read(sample.window)));
	const milliseconds = (read: (window: Window) => number | null) => {
		const known = group
			.map((sample) => read(sample.window))
			.filter((us) => us !== null);
		return known.length < group.length
			? null
			: interval(known.map((us) => us / 1000));
	};
	return {
		workload: id,
		policy,
		load,
		offeredPerSecond: window.offeredPerSecond,
		goodputPerSecond: of(({ goodputPerSecond }) => goodputPerSecond),
		shareOfCapacity: interval(
			group.map(
				(sample) =>
					sample.window.goodputPerSecond / (capacity[sample.round] ?? 0),
			),
		),
		p50Ms: milliseconds(({ p50Us }) => p50Us),
		p99Ms: milliseconds(({ p99Us }) => p99Us),
		p999Ms: milliseconds(({ p999Us }) => p999Us),
		outcomes: showShares(group),
		refusedBecause: showReasons(group),
		growthMb: interval(group.map(({ growthMb }) => growthMb)),
		serverCores: of(({ serverCores }) => serverCores),
		clientCores: of(({ clientCores }) => clientCores),
		latenessP99Ms: of(({ latenessP99Us }) => latenessP99Us / 1000),
	};
}

/** By policy, then load; in the order in which they first came. */
function groups(samples: readonly Sample[]): [Sample, ...Sample[]][] {
	const byKey = new Map<string, [Sample, ...Sample[]]>();
	for (const sample of samples) {
		const key = `${sample.policy} ${sample.load}`;
		const group = byKey.get(key);
		if (group === undefined) byKey.set(key, [sample]);
		else group.push(sample);
	}
	return [...byKey.values()].sort(([a], [b]) =>
		a.policy === b.policy ? a.load - b.load : 0,
	);
}

function roundsOf(samples: readonly Sample[]): number[] {
	return [...new Set(samples.map(({ round }) => round))];
}

type Pair = { readonly ours: Window; readonly theirs: Window };

/** `ratio` of each round over its loads at and below the capacity; null where there is none in any round. */
function upToCapacity(
	samples: readonly Sample[],
	ratio: (pairs: readonly Pair[]) => number | null,
): Interval | null {
	const ratios = roundsOf(samples).flatMap((round) => {
		const find = (policy: PolicyName, load: number) =>
			samples.find(
				(one) =>
					one.round === round && one.policy === policy && one.load === load,
			)?.window;
		const loads = new Set(
			samples.filter(({ load }) => load <= 1).map(({ load }) => load),
		);
		const pairs = [...loads].flatMap((load) => {
			const ours = find(OURS, load);
			const theirs = find(BASELINE, load);
			return ours && theirs ? [{ ours, theirs }] : [];
		});
		return pairs.length === 0 ? [] : (ratio(pairs) ?? []);
	});
	return ratios.length === 0 ? null : interval(ratios);
}

function throughputRatio(pairs: readonly Pair[]): number {
	const sum = (side: keyof Pair) =>
		pairs.reduce((total, pair) => total + pair[side].goodputPerSecond, 0);
	return sum("ours") / sum("theirs");
}

/** Over the loads at which the baseline answered anybody; null: at none. Where ours answers nobody there, it is beyond any. */
function p99Ratio(pairs: readonly Pair[]): number | null {
	const logs = pairs.flatMap(({ ours, theirs }) =>
		theirs.p99Us === null
			? []
			: Math.log((ours.p99Us ?? Number.POSITIVE_INFINITY) / theirs.p99Us),
	);
	return logs.length === 0
		? null
		: Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length);
}

const OUTCOME_WORDS = {
	inTime: "in time",
	late: "late",
	shed: "shed",
	expired: "expired",
	clientTimeout: "client gave up",
	overCap: "over the cap",
	failed: "failed",
} as const;

function showShares(group: readonly Sample[]): string {
	const scheduled = group.reduce(
		(sum, { window }) => sum + window.scheduled,
		0,
	);
	return REQUEST_OUTCOMES.map((outcome) => ({
		outcome,
		count: group.reduce((sum, { window }) => sum + window.outcomes[outcome], 0),
	}))
		.filter(({ count }) => count > 0)
		.map(
			({ outcome, count }) =>
				`${((100 * count) / scheduled).toFixed(1)} % ${OUTCOME_WORDS[outcome]}`,
		)
		.join(", ");
}

function showReasons(group: readonly Sample[]): string {
	const counts = new Map<string, number>();
	for (const { window } of group)
		for (const [reason, count] of Object.entries(window.refusedBecause))
			counts.set(reason, (counts.get(reason) ?? 0) + count);
	return [...counts].map(([reason, count]) => `${reason} ${count}`).join(", ");
}

export function showLoadRows(rows: readonly LoadRow[]): string {
	return table(
		[
			"workload",
			"policy",
			"load",
			"offered/s",
			"in time/s [95 %]",
			"of capacity [95 %]",
			"p50 ms",
			"p99 ms",
			"p99.9 ms",
			"+MB",
			"server cores",
			"client cores",
			"late p99 ms",
			"outcomes",
			"refused because",
		],
		rows.map((row) => [
			row.workload,
			row.policy,
			String(row.load),
			row.offeredPerSecond.toFixed(0),
			showInterval(row.goodputPerSecond),
			showInterval(row.shareOfCapacity, 2),
			row.p50Ms?.median.toFixed(1) ?? "",
			row.p99Ms === null ? "" : showInterval(row.p99Ms, 1),
			row.p999Ms?.median.toFixed(1) ?? "",
			showInterval(row.growthMb),
			row.serverCores.median.toFixed(2),
			row.clientCores.median.toFixed(2),
			row.latenessP99Ms.median.toFixed(1),
			row.outcomes,
			row.refusedBecause,
		]),
	);
}

export function showVerdicts(verdicts: GoodputSummary["verdicts"]): string {
	return table(
		["workload", "target", "measured [95 %]", "met"],
		verdicts.map(({ workload, target, measured, met }) => [
			workload,
			target,
			measured === null ? "" : showInterval(measured, 2),
			met === null ? "not measured" : met ? "yes" : "no",
		]),
	);
}
