// What a peer may send that costs it next to nothing, counted per connection. Throws ConnectionError.
import { calmDown } from "./connection-error.ts";
import type { ConnectionLimits } from "./limits.ts";
import { RateGuard } from "./rate-guard.ts";

export class FloodGuard {
	readonly #nowUs: () => number;
	readonly #resets: RateGuard;
	readonly #controlFrames: RateGuard;
	#hasFreePing = false;

	constructor(limits: ConnectionLimits, nowUs: () => number) {
		this.#nowUs = nowUs;
		this.#resets = new RateGuard(limits.resetBurst, limits.resetsPerSecond);
		this.#controlFrames = new RateGuard(
			limits.controlFrameBurst,
			limits.controlFramesPerSecond,
		);
	}

	/** A call was answered. Whoever lets us work may also give calls up, and measure the path. */
	answered(): void {
		this.#resets.give();
		this.#hasFreePing = true;
	}

	/** Part of an answer was sent. */
	sentData(): void {
		this.#hasFreePing = true;
	}

	/** A frame that carries no request and no data. */
	countControlFrame(): void {
		if (!this.#controlFrames.take(this.#nowUs()))
			throw calmDown("too many control frames");
	}

	/**
	 * gRPC clients send one for each piece of data that arrives, to learn the bandwidth-delay product. Those who keep
	 * connections alive too eagerly slow down when they read this text.
	 * https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md
	 */
	countPing(): void {
		if (this.#hasFreePing) this.#hasFreePing = false;
		else if (!this.#controlFrames.take(this.#nowUs()))
			throw calmDown("too_many_pings");
	}

	/** A stream that was opened for nothing: the peer reset it, or made us do so (CVE-2025-8671). */
	countReset(): void {
		if (!this.#resets.take(this.#nowUs())) throw calmDown("too many resets");
	}
}
