/** An item that knows its place, so that it can be removed without a search. */
export interface HeapItem {
	/** (heap) −1 outside. */
	heapIndex: number;
}

/** Binary heap, smallest key first; push, remove and pop cost O(log n) and allocate nothing. */
export class Heap<T extends HeapItem> {
	readonly #items: T[] = [];
	readonly #key: (item: T) => number;

	constructor(key: (item: T) => number) {
		this.#key = key;
	}

	get size(): number {
		return this.#items.length;
	}

	/** The item with the smallest key; null when empty. */
	peek(): T | null {
		return this.#items[0] ?? null;
	}

	push(item: T): void {
		this.#items.push(item);
		item.heapIndex = this.#items.length - 1;
		this.#up(item.heapIndex);
	}

	/** No effect when the item is not in the heap. */
	remove(item: T): void {
		const index = item.heapIndex;
		if (index < 0) return;
		item.heapIndex = -1;
		const last = this.#items.pop()!;
		if (last === item) return;
		this.#place(last, index);
		this.#up(index);
		this.#down(last.heapIndex);
	}

	#up(start: number): void {
		let index = start;
		const item = this.#items[index]!;
		const key = this.#key(item);
		while (index > 0) {
			const parent = (index - 1) >> 1;
			const above = this.#items[parent]!;
			if (this.#key(above) <= key) break;
			this.#place(above, index);
			index = parent;
		}
		this.#place(item, index);
	}

	#down(start: number): void {
		let index = start;
		const item = this.#items[index]!;
		const key = this.#key(item);
		for (;;) {
			let child = index * 2 + 1;
			if (child >= this.#items.length) break;
			const right = this.#items[child + 1];
			if (
				right !== undefined &&
				this.#key(right) < this.#key(this.#items[child]!)
			)
				child++;
			const below = this.#items[child]!;
			if (this.#key(below) >= key) break;
			this.#place(below, index);
			index = child;
		}
		this.#place(item, index);
	}

	#place(item: T, index: number): void {
		this.#items[index] = item;
		item.heapIndex = index;
	}
}
