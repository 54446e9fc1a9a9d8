// Text as the bytes that it will be sent as, in memory that is used again.
const FIRST_BYTES = 64 * 1024;
const ASCII_END = 0x80;
const ZERO = 0x30;
const ENCODER = new TextEncoder();
/** Of a number up to 2^53. */
const MAX_DIGITS = 16;

export class TextBuffer {
	#bytes = new Uint8Array(FIRST_BYTES);
	#end = 0;

	/** Where the next byte goes. */
	get end(): number {
		return this.#end;
	}

	/** What was written. Valid until more is. */
	written(): Uint8Array {
		return this.#bytes.subarray(0, this.#end);
	}

	clear(): void {
		this.#end = 0;
	}

	text(text: string): void {
		const { length } = text;
		// In UTF-8 a character of a JavaScript string has at most three bytes.
		this.#makeRoom(3 * length);
		const bytes = this.#bytes;
		const start = this.#end;
		for (let i = 0; i < length; i++) {
			const code = text.charCodeAt(i);
			if (code >= ASCII_END) {
				const { written } = ENCODER.encodeInto(text, bytes.subarray(start));
				this.#end = start + written;
				return;
			}
			bytes[start + i] = code;
		}
		this.#end = start + length;
	}

	byte(byte: number): void {
		this.#makeRoom(1);
		this.#bytes[this.#end++] = byte;
	}

	/** Once more what was written from one place to another. */
	again(from: number, to: number): void {
		this.#makeRoom(to - from);
		this.#bytes.copyWithin(this.#end, from, to);
		this.#end += to - from;
	}

	/** As JavaScript writes it; most are counts. */
	number(value: number): void {
		if (!(Number.isSafeInteger(value) && value >= 0)) {
			this.text(String(value));
			return;
		}
		this.#makeRoom(MAX_DIGITS);
		let digits = 1;
		for (let left = value; left >= 10; left = Math.floor(left / 10)) digits++;
		let left = value;
		for (let at = this.#end + digits - 1; at >= this.#end; at--) {
			const rest = Math.floor(left / 10);
			this.#bytes[at] = ZERO + (left - 10 * rest);
			left = rest;
		}
		this.#end += digits;
	}

	#makeRoom(byteLength: number): void {
		const least = this.#end + byteLength;
		if (least <= this.#bytes.byteLength) return;
		const grown = new Uint8Array(Math.max(least, 2 * this.#bytes.byteLength));
		grown.set(this.written());
		this.#bytes = grown;
	}
}
