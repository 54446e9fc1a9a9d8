// The wall clock by the monotonic one: spans of one trace keep their distances, and the wall clock's steps are
// followed when they are larger than what it can be read to.
import type { Clock } from "../../common/clock.ts";

/** `Date.now` has milliseconds. */
const TOLERANCE_US = 2_000;

export class WallClock {
	readonly #clock: Clock;
	readonly #wallMs: () => number;
	#offsetUs: number;

	constructor(clock: Clock, wallMs: () => number = Date.now) {
		this.#clock = clock;
		this.#wallMs = wallMs;
		this.#offsetUs = wallMs() * 1000 - clock.nowUs();
	}

	/** µs since 1970 of an instant of the monotonic clock. */
	unixUs(atUs: number): number {
		const offsetUs = this.#wallMs() * 1000 - this.#clock.nowUs();
		if (Math.abs(offsetUs - this.#offsetUs) > TOLERANCE_US)
			this.#offsetUs = offsetUs;
		return atUs + this.#offsetUs;
	}
}
