/**
 * How many bytes of bodies the process holds, over all transports. Bytes are taken as they arrive, not as they
 * are announced: an announcement costs the sender nothing, so it must not reserve anything here.
 */
export class ByteBudget {
	readonly limitBytes: number;
	#usedBytes = 0;

	constructor(limitBytes: number) {
		this.limitBytes = limitBytes;
	}

	/** False, and nothing taken, when `byteCount` more would exceed the limit. */
	take(byteCount: number): boolean {
		if (this.#usedBytes + byteCount > this.limitBytes) return false;
		this.#usedBytes += byteCount;
		return true;
	}

	give(byteCount: number): void {
		if (byteCount > this.#usedBytes)
			throw new RangeError(
				`${byteCount} bytes given back, ${this.#usedBytes} were taken`,
			);
		this.#usedBytes -= byteCount;
	}

	get usedBytes(): number {
		return this.#usedBytes;
	}
}
