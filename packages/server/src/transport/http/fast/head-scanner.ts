// Finds the end of a request head (RFC 9112) and makes sure, byte by byte, that it is one that can be read in one
// way only. It carries its state from read to read, so the verdict does not depend on how the bytes were cut.
//
//   method SP target SP HTTP/1.1 CRLF  *( name ":" value CRLF )  CRLF
//
// Anything else is foreign: no line folding, no bare CR or LF, no space before a colon, no other version, no method
// but GET and POST, no target but a path. What is foreign is not judged here: node:http gets it from its first byte.

/** More bytes are needed. */
export const MORE = -1;
/** Not for this parser. */
export const FOREIGN = -2;

const TOKEN = 1;
const TARGET = 2;
const VALUE = 4;

/** RFC 9110, 5.6.2 and 5.5; RFC 3986 without the fragment, which no request target has. */
const CLASSES = classes();

const CR = 0x0d;
const SP = 0x20;
const COLON = 0x3a;

const GET = Buffer.from("GET /");
const POST = Buffer.from("POST /");
const VERSION = Buffer.from("HTTP/1.1\r\n");
const LINE_END = Buffer.from("\n");

type State = "method" | "target" | "line" | "name" | "value";

export class HeadScanner {
	#state: State = "method";
	/** What must come now, to the letter, and how much of it came. */
	#literal: Uint8Array | null = null;
	#matched = 0;
	#isLast = false;

	reset(): void {
		this.#state = "method";
		this.#literal = null;
		this.#isLast = false;
	}

	/** Goes on with `bytes[at, end)`: the index behind the head, `MORE` or `FOREIGN`. */
	scan(bytes: Uint8Array, start: number, end: number): number {
		let at = start;
		while (at < end) {
			if (this.#literal !== null) {
				if (bytes[at++] !== this.#literal[this.#matched++]) return FOREIGN;
				if (this.#matched < this.#literal.length) continue;
				this.#literal = null;
				if (this.#isLast) return at;
				continue;
			}
			const next = this.#step(bytes, at, end);
			if (next === FOREIGN) return FOREIGN;
			at = next;
		}
		return MORE;
	}

	#step(bytes: Uint8Array, start: number, end: number): number {
		const byte = bytes[start]!;
		switch (this.#state) {
			case "method":
				this.#expect(byte === GET[0] ? GET : POST, "target");
				return start;
			case "target": {
				const at = skip(bytes, start, end, TARGET);
				if (at === end) return at;
				if (bytes[at] !== SP) return FOREIGN;
				this.#expect(VERSION, "line");
				return at + 1;
			}
			case "line":
				if (byte === CR) {
					this.#expect(LINE_END, "line");
					this.#isLast = true;
					return start + 1;
				}
				if ((CLASSES[byte]! & TOKEN) === 0) return FOREIGN;
				this.#state = "name";
				return start + 1;
			case "name": {
				const at = skip(bytes, start, end, TOKEN);
				if (at === end) return at;
				if (bytes[at] !== COLON) return FOREIGN;
				this.#state = "value";
				return at + 1;
			}
			case "value": {
				const at = skip(bytes, start, end, VALUE);
				if (at === end) return at;
				if (bytes[at] !== CR) return FOREIGN;
				this.#expect(LINE_END, "line");
				return at + 1;
			}
		}
	}

	#expect(literal: Uint8Array, then: State): void {
		this.#literal = literal;
		this.#matched = 0;
		this.#state = then;
	}
}

function skip(
	bytes: Uint8Array,
	start: number,
	end: number,
	kind: number,
): number {
	let at = start;
	while (at < end && (CLASSES[bytes[at]!]! & kind) !== 0) at++;
	return at;
}

function classes(): Uint8Array {
	const table = new Uint8Array(256);
	for (let byte = 0x21; byte < 0x7f; byte++) {
		const char = String.fromCharCode(byte);
		if (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(char)) table[byte]! |= TOKEN;
		if (char !== "#") table[byte]! |= TARGET;
	}
	for (let byte = 0; byte < 256; byte++) {
		const isControl = (byte < 0x20 && byte !== 0x09) || byte === 0x7f;
		if (!isControl) table[byte]! |= VALUE;
	}
	return table;
}
