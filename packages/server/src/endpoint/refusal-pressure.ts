// Whether so much is refused that clients should not send bodies before they are admitted: a share of the last
// requests, with hysteresis, so that what depends on it does not flap.
//
//   low ──share of refused ≥ 1/8──▶ high ──≤ 1/64, half a second later at the earliest, or silence──▶ low

/** Of the running share that each request stands for. */
const WEIGHT = 1 / 64;
const HIGH_FROM = 1 / 8;
const LOW_FROM = 1 / 64;
const LEAST_HIGH_US = 500_000;
/** After so long without requests nothing is known of the load. */
const FORGOTTEN_AFTER_US = 1_000_000;

export class RefusalPressure {
	readonly #changed: (isHigh: boolean) => void;
	#isHigh = false;
	#share = 0;
	#sinceUs = 0;
	#lastUs = Number.NEGATIVE_INFINITY;

	/** @param changed called with each change; low at first */
	constructor(changed: (isHigh: boolean) => void) {
		this.#changed = changed;
	}

	get isHigh(): boolean {
		return this.#isHigh;
	}

	/** A request came, and was refused before its body was there, or taken. */
	count(isRefused: boolean, nowUs: number): void {
		const isForgotten = nowUs - this.#lastUs > FORGOTTEN_AFTER_US;
		if (isForgotten) this.#share = 0;
		this.#lastUs = nowUs;
		this.#share += ((isRefused ? 1 : 0) - this.#share) * WEIGHT;
		const mayEnd = isForgotten || nowUs - this.#sinceUs >= LEAST_HIGH_US;
		if (!this.#isHigh && this.#share >= HIGH_FROM) this.#set(true, nowUs);
		else if (this.#isHigh && mayEnd && this.#share <= LOW_FROM)
			this.#set(false, nowUs);
	}

	#set(isHigh: boolean, nowUs: number): void {
		this.#isHigh = isHigh;
		this.#sinceUs = nowUs;
		this.#changed(isHigh);
	}
}
