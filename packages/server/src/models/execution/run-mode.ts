// Inline or off the loop: a run shorter than the hop to another thread is cheaper where it is, and holds the
// event loop no longer than the bound that is promised. Decided per batch size from measured run times, which
// warm-up takes first: off the loop, and then, if that was short, inline.
import type { RunMode } from "../../runtime/runtime.ts";

/** Longest run that may hold the event loop (promise 3 of the design), in µs. */
const INLINE_UP_TO_US = 50;
/** An off-loop run shorter than this may be tried inline while nothing is served yet. */
const TRIAL_UP_TO_US = 500;
/** Weight of a new measurement, and how far above the estimate one counts: the machine may have paused us. */
const SMOOTHING = 0.05;
const OUTLIER_FACTOR = 3;
/** After so many off-loop runs a size whose estimate is near the bound is tried inline again. */
const RETRY_AFTER_RUNS = 1000;

export class RunModeChooser {
	readonly #forced: RunMode | null;
	/** Inline time by rows, in µs; NaN where none was measured. */
	readonly #inlineUs: Float64Array;
	/** Sizes with a measurement, ascending. */
	readonly #sizes: number[] = [];
	/** Shortest off-loop run by rows while calibrating. */
	readonly #trialUs = new Map<number, number>();
	#calibrating = true;
	#offloadedSinceTrial = 0;

	constructor(setting: "auto" | RunMode, maxRows: number) {
		this.#forced = setting === "auto" ? null : setting;
		this.#inlineUs = new Float64Array(maxRows + 1).fill(Number.NaN);
	}

	choose(rows: number): RunMode {
		if (this.#forced !== null) return this.#forced;
		if (this.#calibrating)
			return (this.#trialUs.get(rows) ?? Number.POSITIVE_INFINITY) <
				TRIAL_UP_TO_US
				? "inline"
				: "offload";
		const predictedUs = this.predictUs(rows);
		if (predictedUs <= INLINE_UP_TO_US) return "inline";
		if (predictedUs > 4 * INLINE_UP_TO_US) return "offload";
		if (++this.#offloadedSinceTrial < RETRY_AFTER_RUNS) return "offload";
		this.#offloadedSinceTrial = 0;
		return "inline";
	}

	/** What a run took, in µs; off the loop that includes the hop. */
	record(rows: number, mode: RunMode, us: number): void {
		if (mode === "offload") {
			if (this.#calibrating)
				this.#trialUs.set(rows, Math.min(us, this.#trialUs.get(rows) ?? us));
			// The same work with a hop: no estimate may stay above it, as one would that was taken during a pause.
			else if (us < this.#inlineUs[rows]!) this.#inlineUs[rows] = us;
			return;
		}
		const before = this.#inlineUs[rows];
		if (before === undefined) return;
		if (Number.isNaN(before)) {
			this.#inlineUs[rows] = us;
			this.#sizes.push(rows);
			this.#sizes.sort((a, b) => a - b);
		} else if (this.#calibrating) {
			this.#inlineUs[rows] = Math.min(before, us);
		} else {
			const bounded = Math.min(us, before * OUTLIER_FACTOR);
			this.#inlineUs[rows] = before + (bounded - before) * SMOOTHING;
		}
	}

	/** Warm-up is over. */
	endCalibration(): void {
		this.#calibrating = false;
		this.#trialUs.clear();
	}

	/** On the line through the measured sizes around it; in proportion beyond the largest. */
	predictUs(rows: number): number {
		const known = this.#inlineUs[rows];
		if (known !== undefined && !Number.isNaN(known)) return known;
		let below = 0;
		let above = 0;
		for (const size of this.#sizes) {
			if (size < rows) below = size;
			else if (above === 0) above = size;
		}
		if (below === 0 && above === 0) return Number.POSITIVE_INFINITY;
		if (below === 0) return this.#inlineUs[above]!;
		const low = this.#inlineUs[below]!;
		if (above === 0) return low * (rows / below);
		const share = (rows - below) / (above - below);
		return low + (this.#inlineUs[above]! - low) * share;
	}
}
