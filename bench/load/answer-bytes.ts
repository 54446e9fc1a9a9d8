// The bytes of one answer as they arrive, in memory that the next answer uses again: a fresh buffer for each frame would
// have the load generator collect garbage on the cores of the server that it measures.

const FIRST_BYTES = 1024;

export class AnswerBytes {
	/** The first `length` of them are the answer's. */
	bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
	length = 0;

	/** Copies `payload`. */
	add(payload: Uint8Array): void {
		const end = this.length + payload.length;
		if (end > this.bytes.length) {
			const larger = new Uint8Array(2 * end);
			larger.set(this.bytes.subarray(0, this.length));
			this.bytes = larger;
		}
		this.bytes.set(payload, this.length);
		this.length = end;
	}

	clear(): void {
		this.length = 0;
	}
}
