// Rounds of one case → what is written and shown of each variant.
import { showInterval, table } from "../lib/report.ts";
import { type Interval, interval, pairedRatio } from "../lib/stats.ts";
import type { LoadWindow } from "../load/measure.ts";
import type { WireCase } from "./cases.ts";
import { VARIANTS, type Variant } from "./variants.ts";

/** The window of each round, by variant. */
export type Rounds = Readonly<Record<Variant, readonly LoadWindow[]>>;

export interface WireRow {
	readonly id: string;
	readonly variant: Variant;
	readonly client: string;
	readonly connections: number;
	readonly inFlight: number;
	readonly perSecond: Interval;
	readonly serverCpuUs: Interval;
	readonly serverSystemUs: Interval;
	readonly clientCores: Interval;
	/** Against node:http2, round by round. */
	readonly rateRatio: Interval;
	readonly cpuRatio: Interval;
	readonly target: {
		readonly rate: number | null;
		readonly cpu: number | null;
	};
	/** By the whole interval; null where there is no target. */
	readonly rateMet: boolean | null;
	readonly cpuMet: boolean | null;
	readonly rounds: readonly LoadWindow[];
}

/** From here on the generator has no time left: a server that could answer more is not asked to. */
const CLIENT_BOUND_CORES = 0.95;

export function summarise(wire: WireCase, rounds: Rounds): WireRow[] {
	const column = (variant: Variant, key: keyof LoadWindow) =>
		rounds[variant].map((window) => window[key]);
	return VARIANTS.map((variant) => {
		const of = (key: keyof LoadWindow) => interval(column(variant, key));
		const ratio = (key: keyof LoadWindow) =>
			pairedRatio(column(variant, key), column("node-http2", key));
		const target = targetOf(wire, variant);
		const rateRatio = ratio("perSecond");
		const cpuRatio = ratio("serverCpuUs");
		return {
			id: wire.id,
			variant,
			client: wire.client,
			connections: wire.connections,
			inFlight: wire.connections * wire.streamsPerConnection,
			perSecond: of("perSecond"),
			serverCpuUs: of("serverCpuUs"),
			serverSystemUs: of("serverSystemUs"),
			clientCores: of("clientCores"),
			rateRatio,
			cpuRatio,
			target,
			rateMet: target.rate === null ? null : rateRatio.low >= target.rate,
			cpuMet: target.cpu === null ? null : cpuRatio.high <= target.cpu,
			rounds: rounds[variant],
		};
	});
}

function targetOf({ targets }: WireCase, variant: Variant): WireRow["target"] {
	switch (variant) {
		case "reused-buffer":
			return { rate: targets.rate, cpu: targets.cpu };
		case "data-events":
			return { rate: targets.dataEventsRate, cpu: null };
		case "node-http2":
			return { rate: null, cpu: null };
	}
}

export function showRows(rows: readonly WireRow[]): string {
	const lines = rows.map((row) => [
		`${row.id}, ${row.client}`,
		row.variant,
		showInterval(row.perSecond),
		showInterval(row.rateRatio, 2),
		row.target.rate === null ? "" : `≥ ${row.target.rate}: ${rateVerdict(row)}`,
		`${showInterval(row.serverCpuUs, 1)}, kernel ${row.serverSystemUs.median.toFixed(1)}`,
		showInterval(row.cpuRatio, 3),
		row.target.cpu === null
			? ""
			: `≤ ${row.target.cpu}: ${row.cpuMet === true ? "yes" : "no"}`,
		row.clientCores.median.toFixed(2),
	]);
	return table(
		[
			"request, client",
			"server",
			"answers/s",
			"× node:http2",
			"target",
			"CPU µs/answer",
			"of node:http2",
			"target",
			"client cores",
		],
		lines,
	);
}

function rateVerdict(row: WireRow): string {
	if (row.rateMet === true) return "yes";
	return row.clientCores.median >= CLIENT_BOUND_CORES
		? "no, client-bound"
		: "no";
}
