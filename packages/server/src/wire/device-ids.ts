// Ids of devices as text and as bytes. A stream of many devices names another one with each reading, and text that is
// made anew each time is what its garbage would mostly be.

/** Streams of more devices make some of them anew. */
const KEPT_COUNT = 256;
/** Longer ones are mistakes, and are not kept. */
const KEPT_BYTES = 256;

interface Known {
	readonly bytes: Uint8Array;
	readonly id: string;
}

/** From bytes of messages to text. */
export class DeviceIdReader {
	/** By a hash of their bytes; one that falls on another takes its place. */
	readonly #known: (Known | undefined)[] = new Array(KEPT_COUNT);

	read(bytes: Uint8Array, start: number, end: number): string {
		const place = hashOf(bytes, start, end) % KEPT_COUNT;
		const known = this.#known[place];
		if (known !== undefined && isAt(known.bytes, bytes, start, end))
			return known.id;
		const { buffer, byteOffset } = bytes;
		const own = Buffer.from(buffer, byteOffset + start, end - start);
		const id = own.toString();
		if (end - start <= KEPT_BYTES)
			this.#known[place] = { bytes: Uint8Array.from(own), id };
		return id;
	}
}

/** From text to bytes of messages. */
export class DeviceIdWriter {
	readonly #known = new Map<string, Uint8Array>();

	bytesOf(id: string): Uint8Array {
		const known = this.#known.get(id);
		if (known !== undefined) return known;
		const bytes = encoder.encode(id);
		if (bytes.byteLength > KEPT_BYTES) return bytes;
		if (this.#known.size === KEPT_COUNT) this.#known.clear();
		this.#known.set(id, bytes);
		return bytes;
	}
}

const encoder = new TextEncoder();

/** FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
	let hash = 0x811c9dc5;
	for (let at = start; at < end; at++)
		hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
	return hash >>> 0;
}

function isAt(
	known: Uint8Array,
	bytes: Uint8Array,
	start: number,
	end: number,
): boolean {
	if (known.byteLength !== end - start) return false;
	for (let i = 0; i < known.byteLength; i++)
		if (known[i] !== bytes[start + i]) return false;
	return true;
}
