/**
 * Bytes that all connections of a server together may make it keep: of messages on their way in, of answers that
 * wait on their way out. Taken as bytes arrive, not as they are announced: whoever announces much costs nothing.
 */
export class ByteBudget {
	readonly limitBytes: number;
	/** Of answers, copied once more because they waited for a window: a running sum. */
	recopiedBytes = 0;
	#takenBytes = 0;

	constructor(limitBytes: number) {
		this.limitBytes = limitBytes;
	}

	get takenBytes(): number {
		return this.#takenBytes;
	}

	/** False, and nothing is taken, when the limit would be exceeded. */
	take(byteLength: number): boolean {
		const takenBytes = this.#takenBytes + byteLength;
		if (takenBytes > this.limitBytes) return false;
		this.#takenBytes = takenBytes;
		return true;
	}

	release(byteLength: number): void {
		this.#takenBytes -= byteLength;
	}
}
