// Protobuf's wire format, written into a buffer that grows. The length of a message is known when it ends: one byte is
// kept for it, and what turns out longer than 127 bytes moves on. https://protobuf.dev/programming-guides/encoding/
const FIRST_BYTES = 4096;
const MAX_VARINT_BYTES = 10;
const ASCII_END = 0x80;
const WORD = 2 ** 32;

export class ProtoBuffer {
	#bytes = new Uint8Array(FIRST_BYTES);
	#view = new DataView(this.#bytes.buffer);
	#end = 0;

	get byteLength(): number {
		return this.#end;
	}

	/** A copy of what was written; the buffer is empty then. */
	take(): Uint8Array<ArrayBuffer> {
		const taken = this.#bytes.slice(0, this.#end);
		this.#end = 0;
		return taken;
	}

	/** Copies what was written; the buffer is empty then. */
	moveTo(target: Uint8Array, at: number): void {
		target.set(this.#bytes.subarray(0, this.#end), at);
		this.#end = 0;
	}

	clear(): void {
		this.#end = 0;
	}

	/** Of a message within this one; what is written until `end` is in it. */
	begin(tag: number): number {
		this.#makeRoom(2);
		this.#bytes[this.#end] = tag;
		this.#end += 2;
		return this.#end;
	}

	/** @param start what `begin` returned */
	end(start: number): void {
		const length = this.#end - start;
		if (length < ASCII_END) {
			this.#bytes[start - 1] = length;
			return;
		}
		const moreBytes = varintBytes(length) - 1;
		this.#makeRoom(moreBytes);
		this.#bytes.copyWithin(start + moreBytes, start, this.#end);
		this.#end += moreBytes;
		writeVarint(this.#bytes, start - 1, length);
	}

	/** Fields as they are, with their tags. */
	raw(fields: Uint8Array): void {
		this.#makeRoom(fields.byteLength);
		this.#bytes.set(fields, this.#end);
		this.#end += fields.byteLength;
	}

	/** What was written there. */
	append(other: ProtoBuffer): void {
		this.raw(other.#bytes.subarray(0, other.#end));
	}

	text(tag: number, text: string): void {
		const start = this.begin(tag);
		// In UTF-8 a character of a JavaScript string has at most three bytes.
		this.#makeRoom(3 * text.length);
		if (!this.#writeAscii(text)) {
			const { written } = ENCODER.encodeInto(text, this.#bytes.subarray(start));
			this.#end = start + written;
		}
		this.end(start);
	}

	/** Bytes that a lower-case hex text stands for. @param plus is added to the last four of them */
	hex(tag: number, text: string, plus = 0): void {
		const start = this.begin(tag);
		const byteLength = text.length >> 1;
		this.#makeRoom(byteLength);
		for (let i = 0; i < byteLength; i++)
			this.#bytes[start + i] =
				(DIGIT[text.charCodeAt(2 * i)]! << 4) |
				DIGIT[text.charCodeAt(2 * i + 1)]!;
		this.#end += byteLength;
		if (plus !== 0) {
			const last = this.#end - 4;
			this.#view.setUint32(last, this.#view.getUint32(last) + plus);
		}
		this.end(start);
	}

	/** A whole number from −2^53 to 2^53; also the length of a message whose bytes follow. */
	integer(tag: number, value: number): void {
		this.#makeRoom(1 + MAX_VARINT_BYTES);
		this.#bytes[this.#end++] = tag;
		this.#end =
			value >= 0
				? writeVarint(this.#bytes, this.#end, value)
				: writeNegative(this.#bytes, this.#end, value);
	}

	double(tag: number, value: number): void {
		this.#makeRoom(9);
		this.#bytes[this.#end] = tag;
		this.#view.setFloat64(this.#end + 1, value, true);
		this.#end += 9;
	}

	/** With its tag before it. */
	fixed32(tag: Uint8Array, value: number): void {
		this.raw(tag);
		this.#makeRoom(4);
		this.#view.setUint32(this.#end, value, true);
		this.#end += 4;
	}

	/** `high` × 2^32 + `low`; `low` may be any whole number, and carries. */
	fixed64(tag: number, high: number, low: number): void {
		this.#makeRoom(9);
		const carry = Math.floor(low / WORD);
		this.#bytes[this.#end] = tag;
		this.#view.setUint32(this.#end + 1, low - carry * WORD, true);
		this.#view.setUint32(this.#end + 5, high + carry, true);
		this.#end += 9;
	}

	/** False: there is more in it than ASCII. Room must be made. */
	#writeAscii(text: string): boolean {
		const { length } = text;
		for (let i = 0; i < length; i++) {
			const code = text.charCodeAt(i);
			if (code >= ASCII_END) return false;
			this.#bytes[this.#end + i] = code;
		}
		this.#end += length;
		return true;
	}

	#makeRoom(byteLength: number): void {
		const least = this.#end + byteLength;
		if (least <= this.#bytes.byteLength) return;
		const grown = new Uint8Array(Math.max(least, 2 * this.#bytes.byteLength));
		grown.set(this.#bytes.subarray(0, this.#end));
		this.#bytes = grown;
		this.#view = new DataView(grown.buffer);
	}
}

const ENCODER = new TextEncoder();

/** By character code. */
const DIGIT = Uint8Array.from({ length: ASCII_END }, (_, code) => {
	const digit = Number.parseInt(String.fromCharCode(code), 16);
	return Number.isNaN(digit) ? 0 : digit;
});

function varintBytes(value: number): number {
	let count = 1;
	for (let left = value; left >= 0x80; left = Math.floor(left / 0x80)) count++;
	return count;
}

function writeVarint(bytes: Uint8Array, at: number, value: number): number {
	let to = at;
	let left = value;
	while (left >= 0x80) {
		bytes[to++] = (left % 0x80) | 0x80;
		left = Math.floor(left / 0x80);
	}
	bytes[to++] = left;
	return to;
}

/** As two's complement of 64 bits. */
function writeNegative(bytes: Uint8Array, at: number, value: number): number {
	let to = at;
	let left = BigInt.asUintN(64, BigInt(value));
	while (left >= 0x80n) {
		bytes[to++] = Number(left & 0x7fn) | 0x80;
		left >>= 7n;
	}
	bytes[to++] = Number(left);
	return to;
}
