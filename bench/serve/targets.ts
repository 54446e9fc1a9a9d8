// What a row is held to. A target is met when the whole 95 % interval meets it.
import type { Interval } from "../lib/stats.ts";

/** What a workload is measured beside, in the same rounds. */
export type YardstickName =
	/** ONNX Runtime through the same C API, nothing else in the process, in rows. */
	| "plain loop"
	| "furnace"
	/** Bare node:net, the same number of bytes each way. */
	| "echo"
	/** This server, each request in a run of its own. */
	| "unbatched"
	/** This server, the same model over gRPC. */
	| "gRPC";

export type Target =
	| { readonly kind: "rate"; readonly atLeast: number }
	| { readonly kind: "p99"; readonly atMostMs: number }
	| {
			readonly kind: "ratio";
			readonly to: YardstickName;
			readonly atLeast: number;
	  };

export interface Measures {
	readonly perSecond: Interval;
	/** null: the generator tells no latencies. */
	readonly p99Ms: Interval | null;
	/** Ours over the yardstick's, round by round; without those that were not measured. */
	readonly ratios: ReadonlyMap<YardstickName, Interval>;
}

export interface Verdict {
	readonly target: string;
	readonly measured: Interval | null;
	/** null: not measured. */
	readonly met: boolean | null;
}

export function judge(target: Target, measures: Measures): Verdict {
	switch (target.kind) {
		case "rate":
			return atLeast(
				`≥ ${target.atLeast.toLocaleString("en")}/s`,
				measures.perSecond,
				target.atLeast,
			);
		case "p99": {
			const measured = measures.p99Ms;
			return {
				target: `p99 ≤ ${target.atMostMs} ms`,
				measured,
				met: measured === null ? null : measured.high <= target.atMostMs,
			};
		}
		case "ratio":
			return atLeast(
				`≥ ${Number(target.atLeast.toFixed(2))} × ${target.to}`,
				measures.ratios.get(target.to) ?? null,
				target.atLeast,
			);
	}
}

function atLeast(
	target: string,
	measured: Interval | null,
	limit: number,
): Verdict {
	return {
		target,
		measured,
		met: measured === null ? null : measured.low >= limit,
	};
}

export function showVerdict({ target, met }: Verdict): string {
	return `${target}: ${met === null ? "not measured" : met ? "yes" : "no"}`;
}
