// What waits: priority levels, first in first out within a level. A level has a second list for entries whose
// time-out passed under action DELAY: they run when nothing else of their level waits.
import type { Entry, EntryList } from "./scheduler.ts";

/** Doubly linked through the entries themselves: push, remove and shift cost O(1) and allocate nothing. */
class LinkedEntries<E extends Entry> implements EntryList {
	head: E | null = null;
	#tail: E | null = null;
	count = 0;

	push(entry: E): void {
		entry.list = this;
		entry.next = null;
		entry.previous = this.#tail;
		if (this.#tail === null) this.head = entry;
		else this.#tail.next = entry;
		this.#tail = entry;
		this.count++;
	}

	remove(entry: E): void {
		if (entry.previous === null) this.head = entry.next as E | null;
		else entry.previous.next = entry.next;
		if (entry.next === null) this.#tail = entry.previous as E | null;
		else entry.next.previous = entry.previous;
		entry.list = null;
		entry.next = null;
		entry.previous = null;
		this.count--;
	}
}

export class EntryQueue<E extends Entry> {
	/** Two lists a level, in the order in which they are served: waiting, delayed, waiting, delayed, … */
	readonly #lists: readonly LinkedEntries<E>[];
	#count = 0;
	#rows = 0;

	constructor(levelCount: number) {
		this.#lists = Array.from(
			{ length: levelCount * 2 },
			() => new LinkedEntries<E>(),
		);
	}

	get count(): number {
		return this.#count;
	}

	/** Batch elements of all entries. */
	get rows(): number {
		return this.#rows;
	}

	/** Entries of `level` (1 is highest), delayed ones included. */
	levelCount(level: number): number {
		return this.#waiting(level).count + this.#delayed(level).count;
	}

	push(entry: E, level: number): void {
		this.#waiting(level).push(entry);
		this.#count++;
		this.#rows += entry.rows;
	}

	/** To the end of the level's delayed list. */
	delay(entry: E, level: number): void {
		entry.list?.remove(entry);
		this.#delayed(level).push(entry);
	}

	remove(entry: E): void {
		entry.list?.remove(entry);
		this.#count--;
		this.#rows -= entry.rows;
	}

	/** The entry that is served next; null when empty. */
	head(): E | null {
		for (const list of this.#lists) if (list.head !== null) return list.head;
		return null;
	}

	/** The entry that is served after `entry`. */
	after(entry: E): E | null {
		if (entry.next !== null) return entry.next as E;
		let passed = false;
		for (const list of this.#lists) {
			if (passed && list.head !== null) return list.head;
			if (list === entry.list) passed = true;
		}
		return null;
	}

	#waiting(level: number): LinkedEntries<E> {
		return this.#lists[(level - 1) * 2]!;
	}

	#delayed(level: number): LinkedEntries<E> {
		return this.#lists[(level - 1) * 2 + 1]!;
	}
}
