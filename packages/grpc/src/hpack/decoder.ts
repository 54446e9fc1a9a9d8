// HPACK decoding (RFC 7541) with a bounded dynamic table and a bounded list. Throws CompressionError, after which
// the connection cannot go on: the table may differ from the peer's.
import { decodeHuffman } from "./huffman.ts";
import { STATIC_TABLE } from "./tables.ts";

export class CompressionError extends Error {}

/** The header list is larger than the limit: the request is refused, the connection goes on. */
export const LIST_TOO_LARGE = "list-too-large";

const ENTRY_OVERHEAD_BYTES = 32;
const STATIC_COUNT = STATIC_TABLE.length;
const MAX_INTEGER_SHIFT = 21;

export class HpackDecoder {
	readonly #tableLimitBytes: number;
	readonly #listLimitBytes: number;
	#tableCapacityBytes: number;
	#tableBytes = 0;
	/** Newest last; entries before `#oldest` are evicted and compacted now and then. */
	#names: string[] = [];
	#values: string[] = [];
	#oldest = 0;
	#version = 0;
	#bytes: Uint8Array = new Uint8Array(0);
	#at = 0;
	#end = 0;

	constructor(tableLimitBytes: number, listLimitBytes: number) {
		this.#tableLimitBytes = tableLimitBytes;
		this.#tableCapacityBytes = tableLimitBytes;
		this.#listLimitBytes = listLimitBytes;
	}

	/** Changes whenever the dynamic table does: the same block at the same version decodes to the same list. */
	get version(): number {
		return this.#version;
	}

	/** Name, value, name, value, …; or LIST_TOO_LARGE, with the table kept right. */
	decode(
		bytes: Uint8Array,
		start: number,
		end: number,
	): string[] | typeof LIST_TOO_LARGE {
		this.#bytes = bytes;
		this.#at = start;
		this.#end = end;
		const list: string[] = [];
		let listBytes = 0;
		let resizable = true;
		while (this.#at < end) {
			const first = bytes[this.#at]!;
			if ((first & 0xe0) === 0x20) {
				if (!resizable)
					throw new CompressionError("table size update after a field");
				this.#resize(this.#integer(5));
				continue;
			}
			resizable = false;
			const [name, value] =
				first & 0x80 ? this.#indexed() : this.#literal(first);
			listBytes += name.length + value.length + ENTRY_OVERHEAD_BYTES;
			if (listBytes <= this.#listLimitBytes) list.push(name, value);
		}
		return listBytes > this.#listLimitBytes ? LIST_TOO_LARGE : list;
	}

	#indexed(): readonly [string, string] {
		const index = this.#integer(7);
		if (index >= 1 && index <= STATIC_COUNT) return STATIC_TABLE[index - 1]!;
		const position = this.#position(index);
		return [this.#names[position]!, this.#values[position]!];
	}

	#literal(first: number): readonly [string, string] {
		const indexing = (first & 0xc0) === 0x40;
		const index = this.#integer(indexing ? 6 : 4);
		const name = index === 0 ? this.#string() : this.#nameAt(index);
		const value = this.#string();
		if (indexing) this.#add(name, value);
		return [name, value];
	}

	#nameAt(index: number): string {
		if (index <= STATIC_COUNT) return STATIC_TABLE[index - 1]![0];
		return this.#names[this.#position(index)]!;
	}

	#position(index: number): number {
		const position = this.#names.length - (index - STATIC_COUNT);
		if (index === 0 || position < this.#oldest)
			throw new CompressionError(`index ${index} is outside the tables`);
		return position;
	}

	#integer(prefixBits: number): number {
		const mask = (1 << prefixBits) - 1;
		let value = this.#bytes[this.#at++]! & mask;
		if (value < mask) return value;
		for (let shift = 0; ; shift += 7) {
			if (this.#at >= this.#end || shift > MAX_INTEGER_SHIFT)
				throw new CompressionError("integer is cut off or too large");
			const octet = this.#bytes[this.#at++]!;
			value += (octet & 0x7f) << shift;
			if ((octet & 0x80) === 0) return value;
		}
	}

	#string(): string {
		if (this.#at >= this.#end) throw new CompressionError("string is cut off");
		const huffman = (this.#bytes[this.#at]! & 0x80) !== 0;
		const length = this.#integer(7);
		const start = this.#at;
		const end = start + length;
		if (end > this.#end) throw new CompressionError("string is cut off");
		this.#at = end;
		if (!huffman) return latin1(this.#bytes, start, end);
		const text = decodeHuffman(this.#bytes, start, end);
		if (text === null)
			throw new CompressionError("string is not valid Huffman code");
		return text;
	}

	#add(name: string, value: string): void {
		this.#version++;
		const size = name.length + value.length + ENTRY_OVERHEAD_BYTES;
		this.#evictTo(this.#tableCapacityBytes - size);
		if (size > this.#tableCapacityBytes) return;
		this.#names.push(name);
		this.#values.push(value);
		this.#tableBytes += size;
	}

	#resize(capacityBytes: number): void {
		if (capacityBytes > this.#tableLimitBytes)
			throw new CompressionError(
				`table size ${capacityBytes} exceeds ${this.#tableLimitBytes}`,
			);
		this.#version++;
		this.#tableCapacityBytes = capacityBytes;
		this.#evictTo(capacityBytes);
	}

	#evictTo(roomBytes: number): void {
		while (this.#tableBytes > roomBytes && this.#oldest < this.#names.length) {
			const name = this.#names[this.#oldest]!;
			const value = this.#values[this.#oldest]!;
			this.#tableBytes -= name.length + value.length + ENTRY_OVERHEAD_BYTES;
			this.#oldest++;
		}
		if (this.#oldest > 64 && this.#oldest * 2 > this.#names.length) {
			this.#names = this.#names.slice(this.#oldest);
			this.#values = this.#values.slice(this.#oldest);
			this.#oldest = 0;
		}
	}
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
	// What is read from a socket is a Buffer: no view needs to be made of it.
	if (bytes instanceof Buffer) return bytes.toString("latin1", start, end);
	return Buffer.from(
		bytes.buffer,
		bytes.byteOffset + start,
		end - start,
	).toString("latin1");
}
