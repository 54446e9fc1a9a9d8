// The pool that frames of all streams run on: so many at once, and when one ends, the most urgent that waits. Nothing is
// polled: who finds no slot is called when one is free.
import { Heap, type HeapItem } from "../common/heap.ts";

/** A stream that has a frame to run. */
export interface Runnable extends HeapItem {
	/** Of its next frame: its deadline; earlier goes first. */
	readonly urgencyUs: number;
	/** A slot is free and taken for it. */
	slotFree(): void;
}

export class Dispatcher {
	readonly #slotCount: number;
	readonly #waiting = new Heap<Runnable>((one) => one.urgencyUs);
	#takenCount = 0;
	#isHandingOut = false;

	constructor(slotCount: number) {
		this.#slotCount = slotCount;
	}

	/** False: none is free; `slotFree` is called when one is. */
	take(one: Runnable): boolean {
		if (this.#takenCount < this.#slotCount) {
			this.#takenCount++;
			return true;
		}
		// Its urgency may have changed while it waited.
		this.#waiting.remove(one);
		this.#waiting.push(one);
		return false;
	}

	/** One more than there are, for what cannot wait. */
	force(): void {
		this.#takenCount++;
	}

	/** It has nothing to run any more. */
	leave(one: Runnable): void {
		this.#waiting.remove(one);
	}

	giveBack(): void {
		this.#takenCount--;
		// Whoever is called may be done at once: the loop below goes on with the next, at no depth of calls.
		if (this.#isHandingOut) return;
		this.#isHandingOut = true;
		for (
			let next = this.#waiting.peek();
			next !== null && this.#takenCount < this.#slotCount;
			next = this.#waiting.peek()
		) {
			this.#waiting.remove(next);
			this.#takenCount++;
			next.slotFree();
		}
		this.#isHandingOut = false;
	}

	get takenCount(): number {
		return this.#takenCount;
	}

	get waitingCount(): number {
		return this.#waiting.size;
	}
}
