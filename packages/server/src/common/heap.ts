/** An item that knows its place, so that it can be removed without a search. */
export interface HeapItem {
	/** (heap) −1 outside. */
	heapIndex: number;
}

/** A place has four children: half the levels of two, and the keys of four lie in one line of the cache. */
const ARITY_BITS = 2;
const ARITY = 1 << ARITY_BITS;

/**
 * Smallest key first; push, remove and pop cost O(log n). An item's key stays what it was when it was pushed. Keys lie
 * beside each other, since in a large heap it is the way to the items that takes the time.
 */
export class Heap<T extends HeapItem> {
	readonly #items: T[] = [];
	/** By place, as `#items`. */
	readonly #keys: number[] = [];
	readonly #keyOf: (item: T) => number;

	constructor(keyOf: (item: T) => number) {
		this.#keyOf = keyOf;
	}

	get size(): number {
		return this.#items.length;
	}

	/** The item with the smallest key; null when empty. */
	peek(): T | null {
		return this.#items[0] ?? null;
	}

	push(item: T): void {
		const key = this.#keyOf(item);
		const index = this.#items.length;
		this.#items.push(item);
		this.#keys.push(key);
		this.#up(item, key, index);
	}

	/** No effect when the item is not in the heap. */
	remove(item: T): void {
		const index = item.heapIndex;
		if (index < 0) return;
		item.heapIndex = -1;
		const last = this.#items.pop()!;
		const key = this.#keys.pop()!;
		if (last === item) return;
		const parent = parentOf(index);
		if (index > 0 && this.#keys[parent]! > key) this.#up(last, key, index);
		else this.#down(last, key, index);
	}

	/** Puts the item at `index`, or as far above as its key belongs. */
	#up(item: T, key: number, index: number): void {
		let at = index;
		while (at > 0) {
			const parent = parentOf(at);
			const above = this.#keys[parent]!;
			if (above <= key) break;
			this.#place(this.#items[parent]!, above, at);
			at = parent;
		}
		this.#place(item, key, at);
	}

	/** Puts the item at `index`, or as far below as its key belongs. */
	#down(item: T, key: number, index: number): void {
		const { length } = this.#keys;
		let at = index;
		for (;;) {
			const first = at * ARITY + 1;
			if (first >= length) break;
			let child = first;
			let below = this.#keys[first]!;
			const end = Math.min(first + ARITY, length);
			for (let other = first + 1; other < end; other++) {
				const otherKey = this.#keys[other]!;
				if (otherKey >= below) continue;
				below = otherKey;
				child = other;
			}
			if (below >= key) break;
			this.#place(this.#items[child]!, below, at);
			at = child;
		}
		this.#place(item, key, at);
	}

	#place(item: T, key: number, index: number): void {
		this.#items[index] = item;
		this.#keys[index] = key;
		item.heapIndex = index;
	}
}

function parentOf(index: number): number {
	return (index - 1) >> ARITY_BITS;
}
