// Turns of the event loop, one for one piece of work: whoever has much to do does a slice a turn, and sockets are
// served between any two slices, however many work at once.
export class LoopTurns {
	readonly #waiting: (() => void)[] = [];

	/** Resolves in a turn that nobody else here has. First come, first served. */
	next(): Promise<void> {
		return new Promise((resolve) => {
			this.#waiting.push(resolve);
			if (this.#waiting.length === 1) setImmediate(this.#give);
		});
	}

	readonly #give = (): void => {
		const resolve = this.#waiting.shift();
		if (this.#waiting.length > 0) setImmediate(this.#give);
		resolve?.();
	};
}
