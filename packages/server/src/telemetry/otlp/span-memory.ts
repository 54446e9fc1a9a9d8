// Memory of batches on their way to the thread that exports, which is used again: shared, so that nothing is handed over.
// A new megabyte for each batch made V8 collect all of that thread's heap every two or three seconds.

/** One is filled while another is sent. */
const KEPT_COUNT = 2;
const LEAST_BYTES = 64 * 1024;
/** A batch that is a little larger than the last one need not have new memory. */
const SLACK = 1.25;

export class SpanMemory {
	readonly #free: SharedArrayBuffer[] = [];

	take(byteLength: number): SharedArrayBuffer {
		const free = this.#free.pop();
		if (free !== undefined && free.byteLength >= byteLength) return free;
		return new SharedArrayBuffer(
			Math.max(LEAST_BYTES, Math.ceil(SLACK * byteLength)),
		);
	}

	/** Nobody reads it any more. */
	giveBack(memory: SharedArrayBuffer): void {
		if (this.#free.length < KEPT_COUNT) this.#free.push(memory);
	}
}
