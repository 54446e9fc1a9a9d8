// When a canary is over, and how. Pure: counts and times in, a verdict out.
import type { SwapSettings } from "../../repository/model-config.ts";
import type { CanaryReport, CanarySide } from "../swap-events.ts";

type CanarySettings = SwapSettings["canary"];

export type CanaryVerdict =
	| { readonly kind: "go-on" }
	| { readonly kind: "promote" }
	| { readonly kind: "roll-back"; readonly because: string };

/** Fewer answers say nothing about a share, or about a percentile, before its time is over. */
const LEAST_FOR_ERRORS = 20;
const LEAST_FOR_TIMES = 100;
/** Differences below it are the machine's, or nobody's concern. */
const NOTICEABLE_MS = 1;

/** As soon as it is plain that the new version is worse it goes; it stays only when its time is over. */
export function canaryVerdict(
	report: CanaryReport,
	settings: CanarySettings,
): CanaryVerdict {
	const { durationMs, old, new: next } = report;
	const isOver =
		durationMs * 1000 >= settings.leastUs &&
		next.requestCount >= settings.leastRequests;
	const worse =
		whyWrong(old, next, settings) ??
		(isOver || next.requestCount >= LEAST_FOR_TIMES
			? whySlow(old, next, settings)
			: null);
	if (worse !== null) return { kind: "roll-back", because: worse };
	if (isOver) return { kind: "promote" };
	if (durationMs * 1000 < settings.mostUs) return { kind: "go-on" };
	return {
		kind: "roll-back",
		because: `the new version was asked ${next.requestCount} times in ${(durationMs / 1000).toFixed(1)} s, and is judged by ${settings.leastRequests}: lower saccade.canary.requests, or raise saccade.canary.weight or saccade.canary.max_seconds`,
	};
}

function whyWrong(
	old: CanarySide,
	next: CanarySide,
	{ maxErrorRate }: CanarySettings,
): string | null {
	if (next.requestCount < LEAST_FOR_ERRORS) return null;
	const oldRate = old.errorCount / Math.max(old.requestCount, 1);
	const nextRate = next.errorCount / next.requestCount;
	if (nextRate <= oldRate + maxErrorRate) return null;
	return `${next.errorCount} of ${next.requestCount} requests to the new version failed, of the old version's ${old.errorCount} of ${old.requestCount}; saccade.canary.max_error_rate is ${maxErrorRate}`;
}

function whySlow(
	old: CanarySide,
	next: CanarySide,
	{ maxSlowdown }: CanarySettings,
): string | null {
	const isComparable = old.requestCount >= LEAST_FOR_ERRORS;
	const isSlower =
		next.p95Ms > maxSlowdown * old.p95Ms &&
		next.p95Ms - old.p95Ms >= NOTICEABLE_MS;
	if (!isComparable || !isSlower) return null;
	return `the new version's p95 is ${next.p95Ms.toFixed(2)} ms, ${(next.p95Ms / old.p95Ms).toFixed(1)} times the old version's ${old.p95Ms.toFixed(2)} ms; saccade.canary.max_slowdown is ${maxSlowdown}`;
}

/** Spreads its share evenly: at 0.25 every fourth request, not a lucky few. */
export class CanaryRouter {
	readonly weight: number;
	#owed = 0;

	constructor(weight: number) {
		this.weight = weight;
	}

	/** Whether the next request goes to the new version. */
	takes(): boolean {
		this.#owed += this.weight;
		// Sums of shares are not exact: at 0.1 the tenth must not fall short by a bit.
		if (this.#owed < 1 - 1e-9) return false;
		this.#owed -= 1;
		return true;
	}
}
