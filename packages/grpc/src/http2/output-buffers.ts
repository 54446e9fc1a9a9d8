// Buffers that connections write from, shared by all connections of a thread. A connection keeps one of the smallest
// size; answers that are larger, or that the kernel takes its time with, borrow.

const SMALLEST_BYTES = 64 * 1024;
/** Idle memory kept for reuse; more goes back to the system. */
const IDLE_KEPT_BYTES = 16 * 1024 * 1024;

export class OutputBuffers {
	readonly #idle = new Map<number, Buffer<ArrayBuffer>[]>();
	#idleBytes = 0;

	get idleBytes(): number {
		return this.#idleBytes;
	}

	/** At least so many bytes, of undefined contents. */
	take(byteLength: number): Buffer<ArrayBuffer> {
		const size =
			2 ** Math.ceil(Math.log2(Math.max(byteLength, SMALLEST_BYTES)));
		const known = this.#idle.get(size)?.pop();
		if (known === undefined) return Buffer.allocUnsafeSlow(size);
		this.#idleBytes -= size;
		return known;
	}

	/** Nobody reads from it any more. */
	giveBack(buffer: Buffer<ArrayBuffer>): void {
		const size = buffer.length;
		if (this.#idleBytes + size > IDLE_KEPT_BYTES) return;
		const list = this.#idle.get(size);
		if (list === undefined) this.#idle.set(size, [buffer]);
		else list.push(buffer);
		this.#idleBytes += size;
	}
}

export const outputBuffers: OutputBuffers = new OutputBuffers();
