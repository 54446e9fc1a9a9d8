// Results that many readers follow, in this thread or others, without a lock and without being able to slow the writer.
// Each slot is a seqlock: odd while it is written, and two more with every turn of the ring, so that a reader can tell
// what it read from what was written meanwhile. A reader that was lapped learns how many it lost.
//
//   header │ written count │            slot │ version │ length │ bytes … │
//
// https://en.wikipedia.org/wiki/Seqlock. Every word goes through Atomics, the result's own too: plain accesses may move
// across atomic ones (https://tc39.es/ecma262/#sec-memory-model), and a torn result would pass for a whole one.

const HEADER_WORDS = 4;
/** Results ever written, modulo 2^32. */
const WRITTEN = 0;
const SLOT_COUNT = 1;
const SLOT_WORDS = 2;
const VERSION = 0;
const LENGTH = 1;
/** Words of a slot before its bytes. */
const SLOT_HEAD_WORDS = 2;

export interface ResultRingOptions {
	/** Results kept. A power of two, so that counts wrap where slots do. @default 1024 */
	readonly slotCount?: number;
	/** Largest result, in bytes. @default 256 */
	readonly slotBytes?: number;
}

/** Memory for a ring; give it to the writer and, through `workerData` or `postMessage`, to its readers. */
export function createResultRing(
	options: ResultRingOptions = {},
): SharedArrayBuffer {
	const { slotCount = 1024, slotBytes = 256 } = options;
	if (!Number.isInteger(Math.log2(slotCount)))
		throw new RangeError(`slotCount must be a power of two, got ${slotCount}`);
	if (!(slotBytes > 0))
		throw new RangeError(`slotBytes must be > 0, got ${slotBytes}`);
	const slotWords = SLOT_HEAD_WORDS + Math.ceil(slotBytes / 4);
	const memory = new SharedArrayBuffer(
		4 * (HEADER_WORDS + slotCount * slotWords),
	);
	const words = new Int32Array(memory);
	words[SLOT_COUNT] = slotCount;
	words[SLOT_WORDS] = slotWords;
	return memory;
}

/** Slot `count` falls on, and the version it has when the `count`-th result is whole in it. */
function placeOf(count: number, slotCount: number, slotWords: number) {
	const slot = count & (slotCount - 1);
	return HEADER_WORDS + slot * slotWords;
}

function versionOf(count: number, slotCount: number): number {
	// One turn more is two more; the first turn ends at 2.
	return (2 * (Math.floor(count / slotCount) + 1)) | 0;
}

/** One at a time for each ring. Never waits. */
export class ResultRingWriter {
	readonly #words: Int32Array;
	readonly #slotCount: number;
	readonly #slotWords: number;
	/** One result as words. */
	readonly #staged: Int32Array;
	readonly #stagedBytes: Uint8Array;
	/** Modulo 2^32. */
	#count: number;

	constructor(memory: SharedArrayBuffer) {
		this.#words = new Int32Array(memory);
		this.#slotCount = this.#words[SLOT_COUNT]!;
		this.#slotWords = this.#words[SLOT_WORDS]!;
		this.#staged = new Int32Array(this.#slotWords - SLOT_HEAD_WORDS);
		this.#stagedBytes = new Uint8Array(this.#staged.buffer);
		this.#count = Atomics.load(this.#words, WRITTEN) >>> 0;
	}

	/** Largest result. */
	get slotBytes(): number {
		return 4 * (this.#slotWords - SLOT_HEAD_WORDS);
	}

	/** Throws RangeError for a result that is larger than a slot. */
	write(result: Uint8Array): void {
		if (result.byteLength > this.slotBytes)
			throw new RangeError(
				`a result of ${result.byteLength} bytes, a slot holds ${this.slotBytes}`,
			);
		const words = this.#words;
		const at = placeOf(this.#count, this.#slotCount, this.#slotWords);
		const version = versionOf(this.#count, this.#slotCount);
		Atomics.store(words, at + VERSION, version - 1);
		Atomics.store(words, at + LENGTH, result.byteLength);
		this.#stagedBytes.set(result);
		const wordCount = (result.byteLength + 3) >> 2;
		for (let i = 0; i < wordCount; i++)
			Atomics.store(words, at + SLOT_HEAD_WORDS + i, this.#staged[i]!);
		Atomics.store(words, at + VERSION, version);
		this.#count = (this.#count + 1) >>> 0;
		Atomics.store(words, WRITTEN, this.#count | 0);
		Atomics.notify(words, WRITTEN);
	}
}

/** Follows a ring from where it is when the reader is made. */
export class ResultRingReader {
	readonly #words: Int32Array;
	readonly #slotCount: number;
	readonly #slotWords: number;
	/** The next to read, modulo 2^32. */
	#next: number;
	/** Results that were written over before they were read. */
	lostCount = 0;

	constructor(memory: SharedArrayBuffer) {
		this.#words = new Int32Array(memory);
		this.#slotCount = this.#words[SLOT_COUNT]!;
		this.#slotWords = this.#words[SLOT_WORDS]!;
		this.#next = this.#written();
	}

	/** The next result, in memory of the caller's; null when there is none yet. */
	read(): Uint8Array | null {
		for (;;) {
			const behind = (this.#written() - this.#next) >>> 0;
			if (behind === 0) return null;
			// The oldest slot may be under the pen already.
			if (behind >= this.#slotCount) this.#skip(behind - this.#slotCount + 1);
			const result = this.#copy();
			if (result !== null) {
				this.#next = (this.#next + 1) >>> 0;
				return result;
			}
		}
	}

	/** Blocks this thread (never the main one) until there is something to read, or the time is over. */
	wait(timeoutMs: number): boolean {
		const written = Atomics.load(this.#words, WRITTEN);
		if (written >>> 0 !== this.#next) return true;
		return (
			Atomics.wait(this.#words, WRITTEN, written, timeoutMs) !== "timed-out"
		);
	}

	/** Null: it was written over meanwhile, and is lost. */
	#copy(): Uint8Array | null {
		const words = this.#words;
		const at = placeOf(this.#next, this.#slotCount, this.#slotWords);
		const version = versionOf(this.#next, this.#slotCount);
		if (Atomics.load(words, at + VERSION) !== version) return null;
		const length = Atomics.load(words, at + LENGTH);
		const copy = new Int32Array((length + 3) >> 2);
		for (let i = 0; i < copy.length; i++)
			copy[i] = Atomics.load(words, at + SLOT_HEAD_WORDS + i);
		return Atomics.load(words, at + VERSION) === version
			? new Uint8Array(copy.buffer, 0, length)
			: null;
	}

	#skip(count: number): void {
		this.#next = (this.#next + count) >>> 0;
		this.lostCount += count;
	}

	#written(): number {
		return Atomics.load(this.#words, WRITTEN) >>> 0;
	}
}
