// Answers that clients have not read yet. Each waits in memory, so their sum is bounded, and a client that does not
// read its answer in time is cut off, whatever else it sends meanwhile. An answer that the system takes at once, as
// nearly all are, costs one comparison.
import type { ServerResponse } from "node:http";

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

	/** Call when the answer was ended. */
	watch(response: ServerResponse): void {
		const waiting = response.writableLength;
		if (waiting === 0 || response.destroyed) return;
		const { writeTimeoutMs, minReadBytesPerSecond } = this.#limits;
		const cut = setTimeout(
			() => response.destroy(),
			writeTimeoutMs + (1000 * waiting) / minReadBytesPerSecond,
		);
		cut.unref();
		this.#byteCount += waiting;
		response.once("close", () => {
			clearTimeout(cut);
			this.#byteCount -= waiting;
		});
	}
}
