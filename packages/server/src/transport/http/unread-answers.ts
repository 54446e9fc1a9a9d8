// Answers that clients have not read yet. Each waits in memory, so their sum is bounded, and a reader that takes
// nothing for too long is cut off. An answer that the system takes at once, as nearly all are, costs one comparison.
import type { ServerResponse } from "node:http";

export class UnreadAnswers {
	readonly #maxBytes: number;
	readonly #timeoutMs: number;
	#byteCount = 0;

	constructor(maxBytes: number, timeoutMs: number) {
		this.#maxBytes = maxBytes;
		this.#timeoutMs = timeoutMs;
	}

	get byteCount(): number {
		return this.#byteCount;
	}

	get isFull(): boolean {
		return this.#byteCount >= this.#maxBytes;
	}

	/** Call when the answer was ended. */
	watch(response: ServerResponse): void {
		const waiting = response.writableLength;
		if (waiting === 0 || response.destroyed) return;
		this.#byteCount += waiting;
		response.once("close", () => {
			this.#byteCount -= waiting;
		});
		// Any progress starts it again; node:http sets its own when the answer is out.
		response.socket?.setTimeout(this.#timeoutMs);
	}
}
