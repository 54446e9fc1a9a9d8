// The one limit on bytes of request bodies, in one thread or shared by several.

export interface ByteBudget {
	readonly limitBytes: number;
	/** On loan now, to everybody. */
	readonly usedBytes: number;
	/** False when that would pass the limit; nothing is taken then. @param byteCount may be negative: given back */
	take(byteCount: number): boolean;
}

export class LocalByteBudget implements ByteBudget {
	readonly limitBytes: number;
	usedBytes = 0;

	constructor(limitBytes: number) {
		this.limitBytes = limitBytes;
	}

	take(byteCount: number): boolean {
		if (byteCount > 0 && this.usedBytes + byteCount > this.limitBytes)
			return false;
		this.usedBytes += byteCount;
		return true;
	}
}

/** One budget of several threads: the count is in shared memory. */
export class SharedByteBudget implements ByteBudget {
	readonly limitBytes: number;
	readonly memory: SharedArrayBuffer;
	readonly #used: BigInt64Array;

	/** @param memory of the budget to share; new when absent */
	constructor(limitBytes: number, memory = new SharedArrayBuffer(8)) {
		this.limitBytes = limitBytes;
		this.memory = memory;
		this.#used = new BigInt64Array(memory);
	}

	get usedBytes(): number {
		return Number(Atomics.load(this.#used, 0));
	}

	take(byteCount: number): boolean {
		const count = BigInt(byteCount);
		const before = Number(Atomics.add(this.#used, 0, count));
		if (byteCount <= 0 || before + byteCount <= this.limitBytes) return true;
		Atomics.sub(this.#used, 0, count);
		return false;
	}
}
