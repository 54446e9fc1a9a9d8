// What our row is held to. A target is met when the whole interval meets it.
import type { Interval } from "../lib/stats.ts";

const OVER_BEST_PEER = 1.2;
const OF_PLAIN = 0.97;

export interface PeerMeasures {
	/** Our rate over that of the peer that answered most, round by round; null: no peer was measured. */
	readonly overBest: Interval | null;
	/** Our p99 over the lowest of a peer, round by round. */
	readonly p99OverBest: Interval | null;
	/** Our rate over the plain loop's, round by round. */
	readonly ofPlain: Interval;
}

export interface PeerVerdict {
	readonly target: string;
	readonly measured: Interval | null;
	/** null: not measured. */
	readonly met: boolean | null;
}

export function judgePeers(
	dominatedBy: "wire" | "compute",
	{ overBest, p99OverBest, ofPlain }: PeerMeasures,
): PeerVerdict[] {
	const rate =
		dominatedBy === "wire"
			? atLeast("the best peer's rate", overBest, OVER_BEST_PEER)
			: atLeast("the plain loop", ofPlain, OF_PLAIN);
	return [
		rate,
		{
			target: "p99 ≤ the best peer's",
			measured: p99OverBest,
			met: p99OverBest === null ? null : p99OverBest.high <= 1,
		},
	];
}

function atLeast(
	what: string,
	measured: Interval | null,
	limit: number,
): PeerVerdict {
	return {
		target: `≥ ${limit} × ${what}`,
		measured,
		met: measured === null ? null : measured.low >= limit,
	};
}
