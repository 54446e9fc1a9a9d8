/**
 * Token bucket against floods of frames that cost their sender nothing: RST_STREAM (CVE-2023-44487), PING,
 * SETTINGS, empty DATA. A rate, not a count, so that an honest connection may live for ever.
 */
export class RateGuard {
	readonly #burst: number;
	readonly #perSecond: number;
	#tokens: number;
	#atUs = 0;

	constructor(burst: number, perSecond: number) {
		this.#burst = burst;
		this.#perSecond = perSecond;
		this.#tokens = burst;
	}

	/** False when the sender exceeds its rate. */
	take(nowUs: number): boolean {
		if (this.#tokens < 1) {
			const gained = ((nowUs - this.#atUs) / 1e6) * this.#perSecond;
			this.#tokens = Math.min(this.#burst, this.#tokens + gained);
			this.#atUs = nowUs;
		}
		if (this.#tokens < 1) return false;
		if (this.#tokens === this.#burst) this.#atUs = nowUs;
		this.#tokens--;
		return true;
	}

	/** One more is allowed, up to the burst. */
	give(): void {
		if (this.#tokens < this.#burst) this.#tokens++;
	}
}
