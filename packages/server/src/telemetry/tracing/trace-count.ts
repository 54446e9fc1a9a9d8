// How many traces are still to come. In shared memory, since each thread with network connections begins some.

/** In memory: as many as come. */
const NO_END = -1;

export class TraceCount {
	readonly memory: SharedArrayBuffer;
	readonly #left: Int32Array;

	/** @param memory of the count to share, in its first four bytes @default new, without an end */
	constructor(memory: SharedArrayBuffer | null = null) {
		this.memory = memory ?? new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
		this.#left = new Int32Array(this.memory);
		if (memory === null) this.left = Number.POSITIVE_INFINITY;
	}

	/** Infinity: as many as come. */
	get left(): number {
		const left = Atomics.load(this.#left, 0);
		return left === NO_END ? Number.POSITIVE_INFINITY : left;
	}

	set left(count: number) {
		const isEndless = count === Number.POSITIVE_INFINITY;
		Atomics.store(this.#left, 0, isEndless ? NO_END : count);
	}

	/** False: there are none left. */
	take(): boolean {
		let left = Atomics.load(this.#left, 0);
		while (left > 0) {
			const found = Atomics.compareExchange(this.#left, 0, left, left - 1);
			if (found === left) return true;
			left = found;
		}
		return left === NO_END;
	}
}
