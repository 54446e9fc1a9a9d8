// What a batch will take, learnt from what batches took. Sizes share windows by powers of two (1, 2, 3–4, 5–8, …);
// between windows the time is on the line through them, beyond the largest in proportion. More rows never take less
// time: a fresh measurement overrules stale ones that say otherwise.
//
// A size that is thought too slow is not run, and so never measured again. Until a few runs of it were seen lately it
// is therefore believed to take no longer than its rows do in smaller batches: it is tried, and corrects itself.
//
// Quantiles, not means: the work of a batch that must end in time is predicted high, work ahead in the queue, where
// many batches even out, at the median.
import { ServiceTimes } from "./service-times.ts";

const LIKELY = 0.5;
const SAFE = 0.9;
/** A size is worth reaching when its rows are cheaper by more than this share. */
const WORTHWHILE = 0.05;
/** What no run confirmed for so long is replaced by the next measurement, and is no ground to refuse work, in µs. */
const TRUSTED_FOR_US = 1_000_000;
/** Fewer runs of a size may all be outliers. */
const CONFIRMED_BY = 4;

interface SizeWindow {
	readonly times: ServiceTimes;
	/** Mean rows of the batches behind the times, smoothed. */
	rows: number;
	/** When the last run of this size ended. */
	runEndUs: number;
	/** What is believed, in view of the smaller sizes. */
	likelyUs: number;
	safeUs: number;
}

/** What batches take on one device. */
export interface BatchTimes {
	/** µs that a batch takes nine times of ten, or less; 0 while nothing is known. */
	safeUs(rows: number): number;
	/** µs that a batch takes half of the time, or less; 0 while nothing is known. */
	likelyUs(rows: number): number;
	/** The smallest batch whose rows are about as cheap as rows get. */
	readonly efficientRows: number;
	/** How long ago the last run ended; Infinity before the first. */
	idleUs(nowUs: number): number;
	/** Everything was refused for what is believed: a run that takes less proves it wrong by itself. */
	doubt(): void;
	readonly isDoubted: boolean;
}

export class CostModel implements BatchTimes {
	readonly #windows: SizeWindow[];
	readonly #maxRows: number;
	#calibrating = true;
	#isDoubted = false;
	#efficientRows: number;
	/** When the last run ended. */
	#runEndUs = Number.NEGATIVE_INFINITY;

	constructor(maxRows: number) {
		this.#maxRows = maxRows;
		this.#efficientRows = maxRows;
		this.#windows = Array.from({ length: windowOf(maxRows) + 1 }, () => ({
			times: new ServiceTimes(),
			rows: 0,
			runEndUs: Number.NEGATIVE_INFINITY,
			likelyUs: Number.NaN,
			safeUs: Number.NaN,
		}));
	}

	/** A batch of `rows` kept its lane for `us`, until now. */
	observe(rows: number, us: number, nowUs: number): void {
		this.#runEndUs = nowUs;
		const index = Math.min(windowOf(rows), this.#windows.length - 1);
		const window = this.#windows[index]!;
		const { times } = window;
		const isFresh =
			!this.#isDoubted && nowUs - window.runEndUs <= TRUSTED_FOR_US;
		this.#isDoubted = false;
		window.runEndUs = nowUs;
		// The first runs pay for memory and code that later ones find ready: of those only the shortest tells.
		if (this.#calibrating) {
			if (!(times.quantile(SAFE) <= us)) this.#set(window, rows, us);
		} else if (!isFresh && us <= times.quantile(LIKELY)) {
			this.#set(window, rows, us);
		} else {
			// That a size became slower, one run does not prove; that it is as fast, it does.
			if (!isFresh) times.keepLatest(CONFIRMED_BY - 1);
			times.add(us);
			window.rows += (rows - window.rows) / Math.min(times.count, 8);
		}
		this.#agree(index);
		this.#believe();
		this.#efficientRows = this.#mostEfficient();
	}

	/** A batch of `rows` was stopped after `us`: it would have taken longer. */
	observeStopped(rows: number, us: number, nowUs: number): void {
		if (us > this.safeUs(rows)) this.observe(rows, us, nowUs);
		this.#runEndUs = nowUs;
	}

	/**
	 * Sizes larger than any that was run are believed to take what they took a model of the same kind, in proportion to the
	 * largest one that was. The first run of each overrules that.
	 */
	inherit(from: CostModel): void {
		const at = this.#windows.findLastIndex(({ times }) => times.count > 0);
		const own = this.#windows[at];
		if (own === undefined) return;
		const scale = own.likelyUs / from.likelyUs(own.rows);
		if (!(scale > 0 && scale < Number.POSITIVE_INFINITY)) return;
		for (const [index, window] of this.#windows.entries()) {
			const other = from.#windows[index];
			if (index <= at || other === undefined || other.times.count === 0)
				continue;
			this.#set(window, other.rows, scale * other.likelyUs);
		}
		this.#believe();
		this.#efficientRows = this.#mostEfficient();
	}

	idleUs(nowUs: number): number {
		return nowUs - this.#runEndUs;
	}

	doubt(): void {
		this.#isDoubted = true;
	}

	get isDoubted(): boolean {
		return this.#isDoubted;
	}

	/** Warm-up is over: from now on every run counts. */
	endCalibration(): void {
		this.#calibrating = false;
	}

	safeUs(rows: number): number {
		return this.#predict(rows, "safeUs");
	}

	likelyUs(rows: number): number {
		return this.#predict(rows, "likelyUs");
	}

	get efficientRows(): number {
		return this.#efficientRows;
	}

	#set(window: SizeWindow, rows: number, us: number): void {
		window.times.reset(us);
		window.rows = rows;
	}

	#agree(fresh: number): void {
		const window = this.#windows[fresh]!;
		const likelyUs = window.times.quantile(LIKELY);
		for (const [index, other] of this.#windows.entries()) {
			if (index === fresh || other.times.count === 0) continue;
			const otherUs = other.times.quantile(LIKELY);
			const contradicts =
				index > fresh ? otherUs < likelyUs : otherUs > likelyUs;
			const prevails =
				this.#calibrating ||
				this.#isConfirmed(window) ||
				!this.#isConfirmed(other);
			if (contradicts && prevails) this.#set(other, other.rows, likelyUs);
		}
	}

	#isConfirmed({ times, runEndUs }: SizeWindow): boolean {
		return (
			times.count >= CONFIRMED_BY && this.#runEndUs - runEndUs <= TRUSTED_FOR_US
		);
	}

	#believe(): void {
		let below: SizeWindow | null = null;
		for (const window of this.#windows) {
			const { times, rows } = window;
			if (times.count === 0) continue;
			window.likelyUs = times.quantile(LIKELY);
			window.safeUs = times.quantile(SAFE);
			if (below !== null) {
				const most = this.#isConfirmed(window)
					? Number.POSITIVE_INFINITY
					: rows / below.rows;
				window.likelyUs = between(window.likelyUs, below.likelyUs, most);
				window.safeUs = between(window.safeUs, below.safeUs, most);
			}
			below = window;
		}
	}

	#predict(rows: number, quantile: "safeUs" | "likelyUs"): number {
		let below: SizeWindow | null = null;
		for (const window of this.#windows) {
			if (window.times.count === 0) continue;
			if (window.rows >= rows)
				return below === null
					? window[quantile]
					: interpolate(rows, below, window, quantile);
			below = window;
		}
		return below === null ? 0 : below[quantile] * (rows / below.rows);
	}

	#mostEfficient(): number {
		let best = Number.POSITIVE_INFINITY;
		for (const { times, likelyUs, rows } of this.#windows)
			if (times.count > 0) best = Math.min(best, likelyUs / rows);
		for (const [index, { times, likelyUs, rows }] of this.#windows.entries())
			if (times.count > 0 && likelyUs / rows <= best * (1 + WORTHWHILE))
				return Math.min(1 << index, this.#maxRows);
		return this.#maxRows;
	}
}

/** `us`, but at least `belowUs` and at most `most` times that. */
function between(us: number, belowUs: number, most: number): number {
	return Math.max(belowUs, Math.min(us, belowUs * most));
}

/** 1 → 0, 2 → 1, 3–4 → 2, 5–8 → 3, … */
function windowOf(rows: number): number {
	return 32 - Math.clz32(Math.max(rows, 1) - 1);
}

function interpolate(
	rows: number,
	below: SizeWindow,
	above: SizeWindow,
	quantile: "safeUs" | "likelyUs",
): number {
	const share = (rows - below.rows) / (above.rows - below.rows);
	return below[quantile] + (above[quantile] - below[quantile]) * share;
}
