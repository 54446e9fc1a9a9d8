// What a peer may send that costs it next to nothing, counted per connection.
import { calmDown } from "./connection-error.ts";
import type { ConnectionLimits } from "./limits.ts";
import { RateGuard } from "./rate-guard.ts";

export class FloodGuard {
	readonly #nowUs: () => number;
	readonly #resets: RateGuard;
	readonly #controlFrames: RateGuard;

	constructor(limits: ConnectionLimits, nowUs: () => number) {
		this.#nowUs = nowUs;
		this.#resets = new RateGuard(limits.resetBurst, limits.resetsPerSecond);
		this.#controlFrames = new RateGuard(
			limits.controlFrameBurst,
			limits.controlFramesPerSecond,
		);
	}

	/** A frame that carries no request and no data. Throws ConnectionError. */
	countControlFrame(): void {
		if (!this.#controlFrames.take(this.#nowUs()))
			throw calmDown("too many control frames");
	}

	/** A stream that was opened for nothing. Throws ConnectionError. */
	countReset(): void {
		if (!this.#resets.take(this.#nowUs()))
			throw calmDown("too many RST_STREAM");
	}
}
