// Inline or off the loop: a run shorter than the hop to another thread is cheaper where it is, and holds the
// event loop no longer than the bound that is promised. Decided per batch size from measured run times.
import type { RunMode } from "../runtime/runtime.ts";

/** Longest run that may hold the event loop (DESIGN: promise 3). */
export const INLINE_UP_TO_US = 50;
/** Weight of a new measurement. */
const SMOOTHING = 0.1;

export class RunModeChooser {
	readonly #forced: RunMode | null;
	/** Measured inline time by rows, in µs; NaN where none is. */
	readonly #measuredUs: Float64Array;

	constructor(setting: "auto" | RunMode, maxRows: number) {
		this.#forced = setting === "auto" ? null : setting;
		this.#measuredUs = new Float64Array(maxRows + 1).fill(Number.NaN);
	}

	choose(rows: number): RunMode {
		if (this.#forced !== null) return this.#forced;
		return this.predictUs(rows) <= INLINE_UP_TO_US ? "inline" : "offload";
	}

	/** Time of an inline run, or of an off-loop run where it is already longer than the bound. */
	record(rows: number, us: number): void {
		const before = this.#measuredUs[rows];
		if (before === undefined) return;
		this.#measuredUs[rows] = Number.isNaN(before)
			? us
			: before + (us - before) * SMOOTHING;
	}

	/** By the nearest measured size below, in proportion: run time grows at most with the rows. */
	predictUs(rows: number): number {
		const most = Math.min(rows, this.#measuredUs.length - 1);
		for (let size = most; size >= 1; size--) {
			const us = this.#measuredUs[size]!;
			if (!Number.isNaN(us)) return us * (rows / size);
		}
		return Number.POSITIVE_INFINITY;
	}
}
