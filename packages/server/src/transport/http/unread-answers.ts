// Answers that clients have not read yet. Each waits in memory, so their sum is bounded, and a client that does not
// read its answer in time is cut off, whatever else it sends meanwhile. An answer that the system takes at once, as
// nearly all are, costs one comparison.
import type { Exchange } from "./exchange.ts";

export interface UnreadLimits {
	readonly maxUnreadBytes: number;
	readonly writeTimeoutMs: number;
	readonly minReadBytesPerSecond: number;
}

export class UnreadAnswers {
	readonly #limits: UnreadLimits;
	#byteCount = 0;

	constructor(limits: UnreadLimits) {
		this.#limits = limits;
	}

	get byteCount(): number {
		return this.#byteCount;
	}

	get isFull(): boolean {
		return this.#byteCount >= this.#limits.maxUnreadBytes;
	}

	/** For an answer of `byteCount` kept bytes that is written as its client reads it. */
	hold(exchange: Exchange, byteCount: number): ReadPace {
		this.#byteCount += byteCount;
		exchange.onceOver(() => {
			this.#byteCount -= byteCount;
		});
		return new ReadPace(exchange, this.#limits);
	}

	/** Call when the answer was ended. */
	watch(exchange: Exchange): void {
		const waiting = exchange.unwrittenByteCount;
		if (waiting === 0 || exchange.isGone) return;
		const { writeTimeoutMs, minReadBytesPerSecond } = this.#limits;
		const cut = setTimeout(
			() => exchange.destroy(),
			writeTimeoutMs + (1000 * waiting) / minReadBytesPerSecond,
		);
		cut.unref();
		this.#byteCount += waiting;
		exchange.onceOver(() => {
			clearTimeout(cut);
			this.#byteCount -= waiting;
		});
	}
}

/** Counts only time in which the client is waited for: what the server takes to go on is not the client's fault. */
export class ReadPace {
	readonly #exchange: Exchange;
	readonly #limits: UnreadLimits;
	#byteCount = 0;
	#waitedMs = 0;

	constructor(exchange: Exchange, limits: UnreadLimits) {
		this.#exchange = exchange;
		this.#limits = limits;
	}

	/** Hands the pieces on; cuts the client off when it does not take them in time. */
	async *follow(
		pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
	): AsyncGenerator<Uint8Array> {
		for await (const piece of pieces) {
			this.#byteCount += piece.byteLength;
			const sinceMs = performance.now();
			const cut = this.#cutWhenLate();
			try {
				yield piece;
			} finally {
				clearTimeout(cut);
				this.#waitedMs += performance.now() - sinceMs;
			}
		}
		const last = this.#cutWhenLate();
		this.#exchange.onceOver(() => clearTimeout(last));
	}

	#cutWhenLate(): NodeJS.Timeout {
		const { writeTimeoutMs, minReadBytesPerSecond } = this.#limits;
		const allowedMs =
			writeTimeoutMs + (1000 * this.#byteCount) / minReadBytesPerSecond;
		return setTimeout(
			() => this.#exchange.destroy(),
			allowedMs - this.#waitedMs,
		).unref();
	}
}
