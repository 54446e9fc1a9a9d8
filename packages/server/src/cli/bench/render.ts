// What a bench found, for programs and for people.
import { ratePerSecond } from "../../load-generator/arrivals.ts";
import type { OpenLoopResult } from "../../load-generator/open-loop.ts";
import { REQUEST_OUTCOMES } from "../../load-generator/outcome.ts";
import { formatTable } from "../table.ts";
import type { BenchPlan } from "./plan.ts";

export interface BenchReport {
	/** null: plain readings. */
	readonly model: string | null;
	readonly address: string;
	readonly protocol: BenchPlan["protocol"];
	readonly arrivals: BenchPlan["arrivals"];
	readonly deadlineMs: number;
	readonly seconds: number;
	readonly scheduled: number;
	/** null: closed loop. */
	readonly offeredPerSecond: number | null;
	readonly answersPerSecond: number;
	readonly inTimePerSecond: number;
	readonly outcomes: OpenLoopResult["outcomes"];
	readonly refusedBecause: OpenLoopResult["refusedBecause"];
	/** Of answers, from the scheduled arrival; null without any. */
	readonly latencyMs: {
		readonly p50: number | null;
		readonly p99: number | null;
		readonly p999: number | null;
		readonly max: number | null;
	};
	readonly generator: {
		readonly cores: number;
		readonly latenessP99Ms: number;
		/** Why it, not the server, sets these numbers; null when it does not. */
		readonly bottleneck: string | null;
	};
}

export function renderJson(
	plan: BenchPlan,
	result: OpenLoopResult,
): BenchReport {
	const { model, host, port, protocol, arrivals, deadlineMs, seconds } = plan;
	const { inTime, late } = result.outcomes;
	const ms = (us: number | null) => (us === null ? null : us / 1000);
	return {
		model,
		address: `${host}:${port}`,
		protocol,
		arrivals,
		deadlineMs,
		seconds,
		scheduled: result.scheduled,
		offeredPerSecond:
			arrivals.kind === "closed" ? null : ratePerSecond(arrivals),
		answersPerSecond: (inTime + late) / seconds,
		inTimePerSecond: inTime / seconds,
		outcomes: result.outcomes,
		refusedBecause: result.refusedBecause,
		latencyMs: {
			p50: ms(result.p50Us),
			p99: ms(result.p99Us),
			p999: ms(result.p999Us),
			max: ms(result.maxUs),
		},
		generator: {
			cores: result.clientCores,
			latenessP99Ms: result.latenessP99Us / 1000,
			bottleneck: result.bottleneck,
		},
	};
}

export function renderText(plan: BenchPlan, result: OpenLoopResult): string {
	const report = renderJson(plan, result);
	const { latencyMs, generator } = report;
	const ms = (value: number | null) =>
		value === null ? "-" : `${value.toFixed(2)} ms`;
	const outcomes = REQUEST_OUTCOMES.filter(
		(outcome) => report.outcomes[outcome] > 0,
	).map((outcome) => `${report.outcomes[outcome]} ${OUTCOME_TEXT[outcome]}`);
	const reasons = Object.entries(report.refusedBecause).map(
		([reason, count]) => `${count} ${reason}`,
	);
	return formatTable([
		[
			"model",
			`${report.model ?? "plain readings"} over ${report.protocol}, ${report.address}`,
		],
		["load", loadText(plan)],
		["answers", `${report.answersPerSecond.toFixed(1)}/s`],
		[
			"in time",
			`${report.inTimePerSecond.toFixed(1)}/s within ${report.deadlineMs} ms`,
		],
		[
			"latency",
			`p50 ${ms(latencyMs.p50)}, p99 ${ms(latencyMs.p99)}, p99.9 ${ms(latencyMs.p999)}, max ${ms(latencyMs.max)}`,
		],
		["outcomes", outcomes.join(", ") || "none"],
		...(reasons.length > 0 ? [["refused", reasons.join(", ")]] : []),
		[
			"generator",
			`${generator.cores.toFixed(2)} cores, sent ${generator.latenessP99Ms.toFixed(1)} ms late at p99`,
		],
		...(generator.bottleneck === null
			? []
			: [["BOTTLENECK", `the generator: ${generator.bottleneck}`]]),
	]);
}

const OUTCOME_TEXT: Readonly<
	Record<(typeof REQUEST_OUTCOMES)[number], string>
> = {
	inTime: "in time",
	late: "late",
	shed: "refused",
	expired: "expired",
	clientTimeout: "given up after twice the deadline",
	overCap: "not sent, too many outstanding",
	failed: "failed",
};

function loadText({ arrivals, seconds }: BenchPlan): string {
	switch (arrivals.kind) {
		case "poisson":
			return `${arrivals.ratePerSecond}/s arrive (Poisson) for ${seconds} s`;
		case "cameras":
			return `${arrivals.cameraCount} cameras at ${arrivals.framesPerSecond} frames/s for ${seconds} s`;
		case "closed":
			return `closed loop, ${arrivals.inFlight} under way, for ${seconds} s: latencies leave out what would have arrived meanwhile`;
	}
}
