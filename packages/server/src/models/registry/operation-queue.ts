// Operations on one model, one after the other. Whoever is under way is told when the next one waits.

export class OperationQueue {
	#tail: Promise<unknown> = Promise.resolve();
	#pendingCount = 0;
	/** Of the operation under way. */
	#turn: AbortController | null = null;

	/** Those that wait or run. */
	get pendingCount(): number {
		return this.#pendingCount;
	}

	/** @param operation begins when the earlier ones are over, however they end; its signal: another one waits */
	run<T>(operation: (signal: AbortSignal) => Promise<T>): Promise<T> {
		this.#pendingCount++;
		this.interrupt();
		const run = this.#tail
			.then(() => {
				this.#turn = new AbortController();
				// Whoever came while this one waited is newer already.
				if (this.#pendingCount > 1) this.#turn.abort();
				return operation(this.#turn.signal);
			})
			.finally(() => {
				this.#pendingCount--;
				this.#turn = null;
			});
		this.#tail = run.catch(() => {});
		return run;
	}

	/** Tells the operation under way that it is not waited for any more. */
	interrupt(): void {
		this.#turn?.abort();
	}
}
