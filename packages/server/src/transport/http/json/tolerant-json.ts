// JSON as Triton's clients write it: numbers beyond 2^53 stay exact, and NaN, Infinity and -Infinity are numbers.
// Plain JSON.parse serves when the text has neither; that is looked for first.
import { SaccadeError } from "../../../errors/saccade-error.ts";

/** Integers that a double cannot hold are bigint. */
export type JsonValue =
	| null
	| boolean
	| number
	| bigint
	| string
	| JsonValue[]
	| { [key: string]: JsonValue };

const MAX_DEPTH = 100;
/** Each takes some 60 bytes of memory where its text takes three; arrays, which tensors nest in, take less. */
const MAX_OBJECT_COUNT = 100_000;
/** Longer integers are beyond every type; exact ones would only cost time. */
const MAX_INTEGER_LENGTH = 40;
/** A literal that JSON lacks, or an integer of sixteen digits and more: a double may not hold it. */
const NEEDS_CARE = /NaN|Infinity|(?<![\d.eE+])\d{16,}(?![\d.eE])/;

/** Throws MALFORMED with the position. */
export function parseJson(text: string): JsonValue {
	if (!NEEDS_CARE.test(text) && !isExcessive(text)) {
		try {
			return JSON.parse(text) as JsonValue;
		} catch {
			// The parser below says where.
		}
	}
	return new Parser(text).parse();
}

/** Whether brackets nest too deep or objects are too many; those within strings do not count. */
function isExcessive(text: string): boolean {
	let depth = 0;
	let objectCount = 0;
	for (let at = 0; at < text.length; at++) {
		const code = text.charCodeAt(at);
		if (code === 0x22) at = endOfString(text, at);
		else if (code === 0x5b || code === 0x7b) {
			if (++depth > MAX_DEPTH) return true;
			if (code === 0x7b && ++objectCount > MAX_OBJECT_COUNT) return true;
		} else if (code === 0x5d || code === 0x7d) depth--;
	}
	return false;
}

/** Offset of the closing quote; the text's length when there is none. */
function endOfString(text: string, start: number): number {
	let end = text.indexOf('"', start + 1);
	while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
	return end < 0 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
	let backslashes = 0;
	while (text[at - 1 - backslashes] === "\\") backslashes++;
	return backslashes % 2 === 1;
}

class Parser {
	readonly #text: string;
	#at = 0;
	#depth = 0;
	#objectCount = 0;

	constructor(text: string) {
		this.#text = text;
	}

	parse(): JsonValue {
		const value = this.#value();
		this.#space();
		if (this.#at < this.#text.length) throw this.#wrong("more after the end");
		return value;
	}

	#value(): JsonValue {
		this.#space();
		switch (this.#text[this.#at]) {
			case "{":
				return this.#nested(() => this.#object());
			case "[":
				return this.#nested(() => this.#array());
			case '"':
				return this.#string();
			default:
				return this.#scalar();
		}
	}

	#nested<T>(read: () => T): T {
		if (++this.#depth > MAX_DEPTH)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`JSON nesting depth exceeds maximum allowed limit (${MAX_DEPTH})`,
			);
		this.#at++;
		const value = read();
		this.#depth--;
		return value;
	}

	#object(): { [key: string]: JsonValue } {
		if (++this.#objectCount > MAX_OBJECT_COUNT)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`JSON holds more than the maximum of ${MAX_OBJECT_COUNT} objects`,
			);
		const object: { [key: string]: JsonValue } = {};
		this.#space();
		if (this.#take("}")) return object;
		do {
			this.#space();
			if (this.#text[this.#at] !== '"') throw this.#wrong("a key is missing");
			const key = this.#string();
			this.#space();
			if (!this.#take(":")) throw this.#wrong("':' is missing");
			// Own property whatever the key, "__proto__" included.
			Object.defineProperty(object, key, {
				value: this.#value(),
				enumerable: true,
				writable: true,
				configurable: true,
			});
			this.#space();
		} while (this.#take(","));
		if (!this.#take("}")) throw this.#wrong("'}' is missing");
		return object;
	}

	#array(): JsonValue[] {
		const array: JsonValue[] = [];
		this.#space();
		if (this.#take("]")) return array;
		do {
			array.push(this.#value());
			this.#space();
		} while (this.#take(","));
		if (!this.#take("]")) throw this.#wrong("']' is missing");
		return array;
	}

	#string(): string {
		const start = this.#at++;
		for (;;) {
			const char = this.#text[this.#at];
			if (char === undefined) throw this.#wrong("a string is cut off");
			if (char === '"') break;
			this.#at += char === "\\" ? 2 : 1;
		}
		this.#at++;
		try {
			return JSON.parse(this.#text.slice(start, this.#at)) as string;
		} catch {
			this.#at = start;
			throw this.#wrong("a string is not valid");
		}
	}

	#scalar(): JsonValue {
		SCALAR.lastIndex = this.#at;
		const match = SCALAR.exec(this.#text);
		if (match === null) throw this.#wrong("a value is missing or not valid");
		this.#at = SCALAR.lastIndex;
		const text = match[0];
		switch (text) {
			case "true":
				return true;
			case "false":
				return false;
			case "null":
				return null;
			default:
				return toNumber(text);
		}
	}

	#space(): void {
		while (SPACE.has(this.#text.charCodeAt(this.#at))) this.#at++;
	}

	#take(char: string): boolean {
		if (this.#text[this.#at] !== char) return false;
		this.#at++;
		return true;
	}

	#wrong(what: string): SaccadeError {
		return new SaccadeError(
			"MALFORMED",
			`failed to parse the request JSON buffer: ${what} at ${this.#at}`,
		);
	}
}

const SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const SCALAR =
	/true|false|null|NaN|-?Infinity|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function toNumber(text: string): number | bigint {
	const value = Number(text);
	if (Number.isSafeInteger(value) || text.length > MAX_INTEGER_LENGTH)
		return value;
	if (!/^-?\d+$/.test(text)) return value;
	return BigInt(text);
}
