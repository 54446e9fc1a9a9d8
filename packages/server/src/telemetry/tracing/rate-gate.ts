// Lets through at most so many a second: what is recorded must not cost more when more goes wrong.
const WINDOW_US = 1_000_000;

export class RateGate {
	readonly #perSecond: number;
	#windowUs = Number.NEGATIVE_INFINITY;
	#count = 0;
	/** How many it did not let through. */
	droppedCount = 0;

	constructor(perSecond: number) {
		this.#perSecond = perSecond;
	}

	pass(nowUs: number): boolean {
		if (nowUs - this.#windowUs >= WINDOW_US) {
			this.#windowUs = nowUs;
			this.#count = 0;
		}
		if (this.#count >= this.#perSecond) {
			this.droppedCount++;
			return false;
		}
		this.#count++;
		return true;
	}
}
