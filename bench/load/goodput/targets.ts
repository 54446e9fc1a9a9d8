// What a workload is held to. A target is met when the whole 95 % interval meets it.
import type { Interval } from "../../lib/stats.ts";

export type GoodputTarget =
	/** Answers within the deadline at `load` times the capacity, as a share of it. */
	| {
			readonly kind: "goodput";
			readonly load: number;
			readonly atLeast: number;
	  }
	/** Resident memory above what a warm server has, at any load beyond the capacity. */
	| { readonly kind: "memory"; readonly atMostMb: number }
	/** Answers within the deadline at and below the capacity, over those of policy `triton`. */
	| { readonly kind: "throughput"; readonly atLeast: number }
	/** p99 at and below the capacity over that of `triton`, the geometric mean over the loads. */
	| { readonly kind: "p99"; readonly atMost: number };

export interface GoodputMeasures {
	readonly shareAt: ReadonlyMap<number, Interval>;
	readonly growthMb: Interval | null;
	readonly throughputRatio: Interval | null;
	readonly p99Ratio: Interval | null;
}

export interface GoodputVerdict {
	readonly target: string;
	readonly measured: Interval | null;
	/** null: not measured. */
	readonly met: boolean | null;
}

export function judgeGoodput(
	target: GoodputTarget,
	measures: GoodputMeasures,
): GoodputVerdict {
	switch (target.kind) {
		case "goodput":
			return atLeast(
				`goodput at ${target.load} × ≥ ${100 * target.atLeast} % of the capacity`,
				measures.shareAt.get(target.load) ?? null,
				target.atLeast,
			);
		case "memory":
			return atMost(
				`resident memory grows by ≤ ${target.atMostMb} MB`,
				measures.growthMb,
				target.atMostMb,
			);
		case "throughput":
			return atLeast(
				`answers in time up to the capacity ≥ ${target.atLeast} × triton`,
				measures.throughputRatio,
				target.atLeast,
			);
		case "p99":
			return atMost(
				`p99 up to the capacity ≤ ${target.atMost} × triton`,
				measures.p99Ratio,
				target.atMost,
			);
	}
}

function atLeast(
	target: string,
	measured: Interval | null,
	limit: number,
): GoodputVerdict {
	return verdict(target, measured, ({ low }) => low >= limit);
}

function atMost(
	target: string,
	measured: Interval | null,
	limit: number,
): GoodputVerdict {
	return verdict(target, measured, ({ high }) => high <= limit);
}

function verdict(
	target: string,
	measured: Interval | null,
	isMet: (measured: Interval) => boolean,
): GoodputVerdict {
	return {
		target,
		measured,
		met: measured === null ? null : isMet(measured),
	};
}
