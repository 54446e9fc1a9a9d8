// The seconds of the pipelines, added up for whoever draws them.
import { OUTCOMES } from "@saccade/protocol";
import type { FrameBin, Spread } from "@saccade/protocol/console";

export interface FrameSecond {
	readonly second: number;
	readonly outcomes: readonly number[];
	readonly ageMs: Spread | null;
	readonly slackMs: Spread | null;
}

/** @param pipeline empty: all of them, where ages are those of the slowest and slack that of the tightest */
export function secondsOf(
	bins: Iterable<FrameBin>,
	pipeline: string,
	range: { readonly from: number; readonly to: number },
): FrameSecond[] {
	const length = range.to - range.from + 1;
	const seconds = Array.from({ length }, (_, i) => ({
		second: range.from + i,
		outcomes: new Array<number>(OUTCOMES.length).fill(0),
		ageMs: null as Spread | null,
		slackMs: null as Spread | null,
	}));
	for (const bin of bins) {
		const to = seconds[bin.second - range.from];
		if (to === undefined || (pipeline !== "" && bin.pipeline !== pipeline))
			continue;
		for (const [i, value] of bin.outcomes.entries())
			to.outcomes[i] = (to.outcomes[i] ?? 0) + value;
		to.ageMs = worse(to.ageMs, bin.ageMs, Math.max);
		to.slackMs = worse(to.slackMs, bin.slackMs, Math.min);
	}
	return seconds;
}

function worse(
	one: Spread | null,
	other: Spread | null,
	pick: (a: number, b: number) => number,
): Spread | null {
	if (one === null || other === null) return one ?? other;
	return {
		p1: pick(one.p1, other.p1),
		p50: pick(one.p50, other.p50),
		p99: pick(one.p99, other.p99),
	};
}

/** Of whole seconds: the one that is under way says nothing yet. */
export function lately(seconds: readonly FrameSecond[]): {
	readonly framesPerS: number;
	/** Of the frames that were judged; null: there were none. */
	readonly resultShare: number | null;
} {
	const whole = seconds.slice(0, -1);
	let all = 0;
	let results = 0;
	for (const { outcomes } of whole) {
		for (const value of outcomes) all += value;
		results += outcomes[OUTCOMES.indexOf("RESULT")] ?? 0;
	}
	return {
		framesPerS: whole.length === 0 ? 0 : all / whole.length,
		resultShare: all === 0 ? null : results / all,
	};
}
