// Whole answers out of what an HTTP/1.1 connection reads, one at a time: no request is sent before the answer to the
// last one is here. Only answers that tell their length are understood.

export interface HttpAnswer {
	readonly status: number;
	/** Valid as long as what was read. */
	readonly content: Buffer;
}

export class HttpAnswerReader {
	#parts: Buffer[] = [];
	#bytes = 0;
	/** Of the answer that is being read, once its head is known. */
	#head: AnswerHead | null = null;

	/** @returns the answer when `chunk` ends it. @param chunk may be overwritten afterwards */
	read(chunk: Buffer): HttpAnswer | null {
		const before = this.#bytes;
		this.#bytes += chunk.length;
		if (this.#head === null) {
			const all = before > 0 ? Buffer.concat([...this.#parts, chunk]) : chunk;
			this.#head = readHead(all);
			if (this.#head !== null && all.length >= this.#head.end)
				return this.#finish(all);
			this.#parts = [before > 0 ? all : Buffer.from(chunk)];
			return null;
		}
		if (this.#bytes < this.#head.end) {
			this.#parts.push(Buffer.from(chunk));
			return null;
		}
		return this.#finish(Buffer.concat([...this.#parts, chunk]));
	}

	#finish(all: Buffer): HttpAnswer {
		const { status, start, end } = this.#head!;
		this.#head = null;
		this.#parts = [];
		this.#bytes = 0;
		return { status, content: all.subarray(start, end) };
	}
}

interface AnswerHead {
	readonly status: number;
	/** Of the content. */
	readonly start: number;
	readonly end: number;
}

function readHead(bytes: Buffer): AnswerHead | null {
	const headEnd = bytes.indexOf("\r\n\r\n");
	if (headEnd < 0) return null;
	const head = bytes.toString("latin1", 0, headEnd);
	const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
	const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
	const start = headEnd + 4;
	if (Number.isInteger(status) && Number.isInteger(length))
		return { status, start, end: start + length };
	throw new Error(`an answer without a status or a length: ${head}`);
}
