// Slots that both threads see. A front numbers each when it allocates it and sends the memory once; records then name
// a tensor's bytes by number, offset and length.
import type { SlotMemory } from "../../tensor/slot-pool.ts";

/** What is said about memory. */
export type MemoryMessage =
	| {
			readonly kind: "memory";
			readonly id: number;
			readonly bytes: Uint8Array;
	  }
	| { readonly kind: "memory-freed"; readonly id: number };

/** The end that allocates. */
export class SharedMemory implements SlotMemory {
	readonly #post: (message: MemoryMessage) => void;
	readonly #ids = new WeakMap<ArrayBufferLike, number>();
	#lastId = 0;

	constructor(post: (message: MemoryMessage) => void) {
		this.#post = post;
	}

	allocate(byteLength: number): Uint8Array {
		const bytes = new Uint8Array(new SharedArrayBuffer(byteLength));
		const id = ++this.#lastId;
		this.#ids.set(bytes.buffer, id);
		this.#post({ kind: "memory", id, bytes });
		return bytes;
	}

	free(memory: Uint8Array): void {
		const id = this.#ids.get(memory.buffer);
		if (id !== undefined) this.#post({ kind: "memory-freed", id });
	}

	/** The number of the slot that `view` is of; 0 when it is of none. */
	idOf(view: Uint8Array): number {
		return this.#ids.get(view.buffer) ?? 0;
	}
}
