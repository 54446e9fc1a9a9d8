// Records of bytes from one thread to one other, through shared memory: no lock, no message, no copy but the record.
//
//   data  ┌ length │ record ┬ length │ record ┬ … ┬ SKIP ┐   positions only grow; modulo the size they are offsets
//         head: read up to here ─────▶ tail: written up to here
//
// Who reads says so before it sleeps; who writes then learns from `commit` that it must ring the bell. Both sides
// check again after they said what they do, so no wake-up is lost.

/** Positions of the control words: each on a cache line of its own, since two threads write them. */
const LINE = 16;
const HEAD = 0;
const TAIL = LINE;
const ASLEEP = 2 * LINE;
const WANTED = 3 * LINE;
const CONTROL_BYTES = 4 * LINE * 4;
/** Records start at a multiple of it, after their length: 64-bit numbers in them are aligned. */
const UNIT = 8;
/** In place of a length: the rest of the data is not used, the next record is at the start. */
const SKIP = -1;

/** Memory of a ring of `dataBytes`, a power of two. */
export function createRingMemory(dataBytes: number): SharedArrayBuffer {
	if (!Number.isInteger(Math.log2(dataBytes)))
		throw new RangeError(`a ring of ${dataBytes} bytes: not a power of two`);
	return new SharedArrayBuffer(CONTROL_BYTES + dataBytes);
}

class RingView {
	readonly memory: SharedArrayBuffer;
	readonly control: Int32Array;
	/** The data, in the three widths that records are written in. */
	readonly bytes: Uint8Array;
	readonly int32: Int32Array;
	readonly float64: Float64Array;
	readonly size: number;

	constructor(memory: SharedArrayBuffer) {
		this.memory = memory;
		this.size = memory.byteLength - CONTROL_BYTES;
		this.control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
		this.bytes = new Uint8Array(memory, CONTROL_BYTES);
		this.int32 = new Int32Array(memory, CONTROL_BYTES);
		this.float64 = new Float64Array(memory, CONTROL_BYTES);
	}
}

/** The writing end; one thread has it. */
export class RingWriter extends RingView {
	#tail = 0;
	/** Where the reader was when it was last looked at. */
	#head = 0;
	#reserved = 0;

	/** Longest record: a quarter of the ring, so that one always fits beside what is read. */
	get maxRecordBytes(): number {
		return this.size / 4 - UNIT;
	}

	/**
	 * Offset in `bytes` of room for a record, a multiple of 8; then `commit`. −1 when the ring is full: the reader is
	 * asked to say when there is room (`isRoomWanted`).
	 */
	reserve(byteLength: number): number {
		if (byteLength > this.maxRecordBytes)
			throw new RangeError(
				`a record of ${byteLength} bytes: at most ${this.maxRecordBytes}`,
			);
		const needed = UNIT + roundUp(byteLength);
		let at = this.#tail & (this.size - 1);
		const skipped = at + needed > this.size ? this.size - at : 0;
		if (!this.#hasRoom(skipped + needed)) {
			Atomics.store(this.control, WANTED, 1);
			// What was given back before the reader could see the word would never be told of.
			if (!this.#hasRoom(skipped + needed)) return -1;
		}
		if (skipped > 0) {
			this.int32[at / 4] = SKIP;
			at = 0;
		}
		this.int32[at / 4] = byteLength;
		this.#reserved = skipped + needed;
		return at + UNIT;
	}

	/** Hands the reserved record over. True: the reader sleeps, and must be woken. */
	commit(): boolean {
		this.#tail = (this.#tail + this.#reserved) | 0;
		Atomics.store(this.control, TAIL, this.#tail);
		return (
			Atomics.load(this.control, ASLEEP) === 1 &&
			Atomics.exchange(this.control, ASLEEP, 0) === 1
		);
	}

	#hasRoom(needed: number): boolean {
		if (((this.#tail - this.#head) | 0) + needed <= this.size) return true;
		this.#head = Atomics.load(this.control, HEAD);
		return ((this.#tail - this.#head) | 0) + needed <= this.size;
	}
}

/** The reading end; one thread has it. */
export class RingReader extends RingView {
	#head = 0;
	#tail = 0;
	/** Of the record that `next` found. */
	byteLength = 0;
	#needed = 0;

	/** Offset in `bytes` of the next record; −1 when there is none. It stays valid until `release`. */
	next(): number {
		if (this.#head === this.#tail) {
			this.#tail = Atomics.load(this.control, TAIL);
			if (this.#head === this.#tail) return -1;
		}
		let at = this.#head & (this.size - 1);
		if (this.int32[at / 4] === SKIP) {
			this.#head = (this.#head + this.size - at) | 0;
			at = 0;
		}
		this.byteLength = this.int32[at / 4]!;
		this.#needed = UNIT + roundUp(this.byteLength);
		return at + UNIT;
	}

	/** Gives the room of the record back. */
	release(): void {
		this.#head = (this.#head + this.#needed) | 0;
		Atomics.store(this.control, HEAD, this.#head);
	}

	/** Whether the writer waits for room; asking clears it. */
	isRoomWanted(): boolean {
		return (
			Atomics.load(this.control, WANTED) === 1 &&
			Atomics.exchange(this.control, WANTED, 0) === 1
		);
	}

	/** Says that a bell is needed from now on. False: a record came meanwhile, go on reading. */
	sleep(): boolean {
		Atomics.store(this.control, ASLEEP, 1);
		if (Atomics.load(this.control, TAIL) === this.#head) return true;
		// The writer may have seen the word, and rings; one bell too many does no harm.
		Atomics.store(this.control, ASLEEP, 0);
		return false;
	}
}

function roundUp(byteLength: number): number {
	return (byteLength + UNIT - 1) & ~(UNIT - 1);
}
