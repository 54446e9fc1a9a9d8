// Header blocks → request heads. Many clients send the same block again and again: equal bytes at an equal table
// give an equal head, so the last one is kept.
import { HpackDecoder, type LIST_TOO_LARGE } from "../hpack/decoder.ts";
import { type ParsedHead, parseRequestHead } from "./request-head.ts";

const HEADER_TABLE_BYTES = 4096;
/** Longer blocks are not kept. */
const MAX_KEPT_BYTES = 1024;

export class HeadParser {
	readonly #hpack: HpackDecoder;
	/** A copy of the last block: the read buffer it came in is used again. */
	readonly #block = new Uint8Array(MAX_KEPT_BYTES);
	#blockBytes = -1;
	#version = -1;
	#parsed: ParsedHead | null = null;

	constructor(maxHeaderListBytes: number) {
		this.#hpack = new HpackDecoder(HEADER_TABLE_BYTES, maxHeaderListBytes);
	}

	/** The head of a new stream. Throws CompressionError. */
	parse(
		bytes: Uint8Array,
		start: number,
		end: number,
	): ParsedHead | typeof LIST_TOO_LARGE {
		const version = this.#hpack.version;
		if (
			this.#parsed !== null &&
			this.#version === version &&
			this.#isKept(bytes, start, end)
		)
			return this.#parsed;
		const list = this.#hpack.decode(bytes, start, end);
		if (typeof list === "string") return list;
		const parsed = parseRequestHead(list);
		if (this.#hpack.version === version && end - start <= MAX_KEPT_BYTES)
			this.#keep(bytes, start, end, version, parsed);
		return parsed;
	}

	/** Any other list: trailers. Decoded even when nobody wants it, because the table must stay in step. */
	decode(
		bytes: Uint8Array,
		start: number,
		end: number,
	): string[] | typeof LIST_TOO_LARGE {
		return this.#hpack.decode(bytes, start, end);
	}

	#isKept(bytes: Uint8Array, start: number, end: number): boolean {
		if (this.#blockBytes !== end - start) return false;
		const block = this.#block;
		for (let i = 0; i < this.#blockBytes; i++)
			if (block[i] !== bytes[start + i]) return false;
		return true;
	}

	#keep(
		bytes: Uint8Array,
		start: number,
		end: number,
		version: number,
		parsed: ParsedHead,
	): void {
		for (let i = start; i < end; i++) this.#block[i - start] = bytes[i]!;
		this.#blockBytes = end - start;
		this.#version = version;
		this.#parsed = parsed;
	}
}
