// Rounds of all servers on one workload → rows, and rows → tables.
import { showInterval, table } from "../lib/report.ts";
import { type Interval, interval, median, pairedRatio } from "../lib/stats.ts";
import type { Contender } from "./contender.ts";
import { judgePeers, type PeerVerdict } from "./targets.ts";

/** The part of a contender that a row is made of. */
export type ContenderRounds = Pick<
	Contender,
	"name" | "variant" | "settings" | "windows" | "overload" | "ended" | "idleMb"
> & { readonly server: { readonly readyMs: number } | null };

export interface WorkloadRounds {
	readonly workload: string;
	readonly dominatedBy: "wire" | "compute";
	readonly contenders: readonly ContenderRounds[];
	readonly plain: readonly number[];
	readonly plainSetting: string;
}

export interface RateRow {
	readonly workload: string;
	readonly server: string;
	readonly variant: string;
	readonly perSecond: Interval | null;
	readonly p99Ms: Interval | null;
	/** Of the plain loop, round by round. */
	readonly ofPlain: Interval | null;
	/** Our rate over its, round by round. */
	readonly oursOverIts: Interval | null;
	readonly readyMs: number | null;
	/** Before the first request; pages that its processes share count once. */
	readonly idleMb: number | null;
	readonly settings: string;
	readonly ended: string | null;
}

export interface OverloadRow {
	readonly workload: string;
	readonly server: string;
	readonly variant: string;
	readonly offeredPerSecond: number;
	/** Answered within the deadline, as a share of what it answered to the closed loop. */
	readonly inDeadline: Interval;
	readonly growthMb: Interval;
	readonly settings: string;
}

export interface TargetRow extends PeerVerdict {
	readonly workload: string;
	/** The peer and its variant. */
	readonly bestPeer: string;
}

export interface PeersSummary {
	readonly rates: readonly RateRow[];
	readonly overload: readonly OverloadRow[];
	readonly targets: readonly TargetRow[];
}

export function summarisePeers(rounds: WorkloadRounds): PeersSummary {
	const { contenders, plain } = rounds;
	const ours = contenders.find(({ variant }) => variant === "shipped");
	if (ours === undefined || ours.ended !== null)
		throw new Error(`our own server ended: ${ours?.ended ?? "not started"}`);
	return {
		rates: [
			...contenders.map((one) => rateRow(rounds, one, ours)),
			plainRow(rounds, ours),
		],
		overload: contenders
			.filter(({ overload, ended }) => overload.length > 0 && ended === null)
			.map((one) => overloadRow(rounds.workload, one)),
		targets: targetRows(rounds, ours, plain),
	};
}

const ratesOf = ({ windows }: ContenderRounds) =>
	windows.map(({ perSecond }) => perSecond);
const p99sOf = ({ windows }: ContenderRounds) =>
	windows.map(({ p99Us }) => p99Us / 1000);

function rateRow(
	{ workload, plain }: WorkloadRounds,
	one: ContenderRounds,
	ours: ContenderRounds,
): RateRow {
	const isWhole = one.ended === null && one.windows.length > 0;
	const rates = ratesOf(one);
	return {
		workload,
		server: one.name,
		variant: one.variant,
		perSecond: isWhole ? interval(rates) : null,
		p99Ms: isWhole ? interval(p99sOf(one)) : null,
		ofPlain: isWhole ? pairedRatio(rates, plain) : null,
		oursOverIts:
			isWhole && one !== ours ? pairedRatio(ratesOf(ours), rates) : null,
		readyMs: one.server === null ? null : Math.round(one.server.readyMs),
		idleMb: one.idleMb === null ? null : Math.round(one.idleMb),
		settings: one.settings,
		ended: one.ended,
	};
}

function plainRow(
	{ workload, plain, plainSetting }: WorkloadRounds,
	ours: ContenderRounds,
): RateRow {
	return {
		workload,
		server: "plain loop",
		variant: "tuned",
		perSecond: interval(plain),
		p99Ms: null,
		ofPlain: null,
		oursOverIts: pairedRatio(ratesOf(ours), plain),
		readyMs: null,
		idleMb: null,
		settings: plainSetting,
		ended: null,
	};
}

function overloadRow(workload: string, one: ContenderRounds): OverloadRow {
	const capacity = median(ratesOf(one));
	return {
		workload,
		server: one.name,
		variant: one.variant,
		offeredPerSecond: Math.round(one.overload[0]?.offeredPerSecond ?? 0),
		inDeadline: interval(
			one.overload.map(({ goodputPerSecond }) => goodputPerSecond / capacity),
		),
		growthMb: interval(one.overload.map(({ growthMb }) => growthMb)),
		settings: one.settings,
	};
}

function targetRows(
	{ workload, dominatedBy, contenders }: WorkloadRounds,
	ours: ContenderRounds,
	plain: readonly number[],
): TargetRow[] {
	const peers = contenders.filter(
		(one) => one !== ours && one.ended === null && one.windows.length > 0,
	);
	const fastest = best(peers, (one) => median(ratesOf(one)));
	const promptest = best(peers, (one) => -median(p99sOf(one)));
	const [rate, p99] = judgePeers(dominatedBy, {
		overBest:
			fastest === null ? null : pairedRatio(ratesOf(ours), ratesOf(fastest)),
		p99OverBest:
			promptest === null ? null : pairedRatio(p99sOf(ours), p99sOf(promptest)),
		ofPlain: pairedRatio(ratesOf(ours), plain),
	});
	return [
		{ workload, bestPeer: nameOf(fastest), ...rate! },
		{ workload, bestPeer: nameOf(promptest), ...p99! },
	];
}

function best(
	peers: readonly ContenderRounds[],
	worth: (one: ContenderRounds) => number,
): ContenderRounds | null {
	return peers.reduce<ContenderRounds | null>(
		(found, one) => (found === null || worth(one) > worth(found) ? one : found),
		null,
	);
}

function nameOf(one: ContenderRounds | null): string {
	return one === null ? "" : `${one.name}, ${one.variant}`;
}

const show = (value: Interval | null, digits: number) =>
	value === null ? "" : showInterval(value, digits);

export function showRates(rows: readonly RateRow[]): string {
	return table(
		[
			"workload",
			"server",
			"variant",
			"answers/s",
			"p99 ms",
			"of plain",
			"ours/its",
			"ready ms",
			"idle MB",
			"settings",
			"ended",
		],
		rows.map((row) => [
			row.workload,
			row.server,
			row.variant,
			show(row.perSecond, 0),
			show(row.p99Ms, 1),
			show(row.ofPlain, 2),
			show(row.oursOverIts, 2),
			String(row.readyMs ?? ""),
			String(row.idleMb ?? ""),
			row.settings,
			row.ended ?? "",
		]),
	);
}

export function showOverload(rows: readonly OverloadRow[]): string {
	return table(
		["workload", "server", "variant", "offered/s", "in deadline", "growth MB"],
		rows.map((row) => [
			row.workload,
			row.server,
			row.variant,
			String(row.offeredPerSecond),
			showInterval(row.inDeadline, 2),
			showInterval(row.growthMb, 0),
		]),
	);
}

export function showTargets(rows: readonly TargetRow[]): string {
	return table(
		["workload", "target", "beside", "measured", "met"],
		rows.map(({ workload, target, bestPeer, measured, met }) => [
			workload,
			target,
			bestPeer,
			show(measured, 2),
			met === null ? "not measured" : met ? "yes" : "no",
		]),
	);
}
