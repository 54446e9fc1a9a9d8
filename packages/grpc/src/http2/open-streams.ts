// The open streams of a connection by id: open addressing with linear probing, half full at most.
//
// Not a Map: V8 gives a Map a new table when many of its entries have come and gone, and the old table points to the
// new one. Once a single such table has grown old, each that follows it outlives the collections of the young
// generation, and with it every stream that was open when it was made; of a connection with many short streams these
// collections took a tenth of the event loop. Here nothing that was given up points to what came after it.
import type { H2Stream } from "./stream.ts";

const FIRST_CAPACITY = 16;
/** No stream of a client has it. */
const FREE = 0;

export class OpenStreams {
	/** A power of two. */
	#capacity = FIRST_CAPACITY;
	#ids = new Uint32Array(FIRST_CAPACITY);
	#streams: (H2Stream | undefined)[] = emptySlots(FIRST_CAPACITY);
	#size = 0;

	get size(): number {
		return this.#size;
	}

	get(id: number): H2Stream | undefined {
		return this.#streams[this.#slotOf(id)];
	}

	has(id: number): boolean {
		return this.get(id) !== undefined;
	}

	/** One that is not there yet. */
	add(stream: H2Stream): void {
		if (2 * (this.#size + 1) > this.#capacity) this.#grow();
		this.#put(stream);
		this.#size++;
	}

	/** False: it was not there. */
	delete(id: number): boolean {
		let free = this.#slotOf(id);
		if (this.#streams[free] === undefined) return false;
		const mask = this.#capacity - 1;
		// What was pushed on by others moves back, so that a search may end at the first free slot.
		for (let at = (free + 1) & mask; this.#ids[at] !== FREE; ) {
			const wayFromHome = (at - this.#homeOf(this.#ids[at]!)) & mask;
			if (wayFromHome >= ((at - free) & mask)) {
				this.#ids[free] = this.#ids[at]!;
				this.#streams[free] = this.#streams[at];
				free = at;
			}
			at = (at + 1) & mask;
		}
		this.#ids[free] = FREE;
		this.#streams[free] = undefined;
		this.#size--;
		return true;
	}

	/** As they are now, in the order in which they were opened. */
	inOrder(): H2Stream[] {
		return this.#streams
			.filter((stream) => stream !== undefined)
			.sort((a, b) => a.id - b.id);
	}

	/** Where it is, or would be. */
	#slotOf(id: number): number {
		const mask = this.#capacity - 1;
		let at = this.#homeOf(id);
		while (this.#ids[at] !== id && this.#ids[at] !== FREE) at = (at + 1) & mask;
		return at;
	}

	/** Clients use the odd ids, one after the other: neighbours have slots side by side. */
	#homeOf(id: number): number {
		return (id >>> 1) & (this.#capacity - 1);
	}

	#put(stream: H2Stream): void {
		const at = this.#slotOf(stream.id);
		this.#ids[at] = stream.id;
		this.#streams[at] = stream;
	}

	#grow(): void {
		const streams = this.#streams;
		this.#capacity *= 2;
		this.#ids = new Uint32Array(this.#capacity);
		this.#streams = emptySlots(this.#capacity);
		for (const stream of streams) if (stream !== undefined) this.#put(stream);
	}
}

function emptySlots(capacity: number): undefined[] {
	return new Array<undefined>(capacity).fill(undefined);
}
