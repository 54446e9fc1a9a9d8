// What waits, by priority level. Within a level entries are served by `orderUs`, which the policy sets; those whose
// time-out passed under action DELAY go behind all others of their level.
import type { Entry } from "../scheduler.ts";
import { SortedEntries } from "./sorted-entries.ts";

export class EntryQueue<E extends Entry> {
	/** Level 1 first. */
	readonly #levels: readonly SortedEntries<E>[];
	#count = 0;
	#rows = 0;
	#sequence = 0;
	// Where the walk is.
	#level = 0;
	#block = 0;
	#index = 0;

	constructor(levelCount: number) {
		this.#levels = Array.from(
			{ length: levelCount },
			() => new SortedEntries<E>(),
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
		return this.#levels[level - 1]!.count;
	}

	/** The entry waits at its `level`, by its `orderUs`. */
	push(entry: E): void {
		entry.sequence = this.#sequence++;
		this.#levels[entry.level - 1]!.push(entry);
		this.#count++;
		this.#rows += entry.rows;
	}

	/** Back to the place that it was removed from. */
	restore(entry: E): void {
		this.#levels[entry.level - 1]!.push(entry);
		this.#count++;
		this.#rows += entry.rows;
	}

	/** To the end of its level. */
	delay(entry: E): void {
		const level = this.#levels[entry.level - 1]!;
		level.remove(entry);
		entry.orderUs = Number.POSITIVE_INFINITY;
		entry.sequence = this.#sequence++;
		level.push(entry);
	}

	remove(entry: E): void {
		this.#levels[entry.level - 1]!.remove(entry);
		this.#count--;
		this.#rows -= entry.rows;
	}

	/** The entry that is served next; null when empty. */
	head(): E | null {
		for (const level of this.#levels) {
			const first = level.first();
			if (first !== null) return first;
		}
		return null;
	}

	/** Begins a walk in the order of service; null when empty. Nothing may be pushed or removed during a walk. */
	first(): E | null {
		this.#level = 0;
		this.#block = 0;
		this.#index = -1;
		return this.next();
	}

	/** The entry that is served after the last one of the walk. */
	next(): E | null {
		this.#index++;
		for (; this.#level < this.#levels.length; this.#level++) {
			const level = this.#levels[this.#level]!;
			const here = level.at(this.#block, this.#index);
			if (here !== null) return here;
			this.#index = 0;
			const next = level.at(++this.#block, 0);
			if (next !== null) return next;
			this.#block = 0;
		}
		return null;
	}

	/** Rows that are served before an entry of this level and order; counting stops beyond `enough`. */
	rowsBefore(level: number, orderUs: number, enough: number): number {
		let rows = 0;
		for (let above = 1; above <= level && rows <= enough; above++) {
			const bound = above < level ? Number.POSITIVE_INFINITY : orderUs;
			rows += this.#levels[above - 1]!.rowsBefore(bound, enough - rows);
		}
		return rows;
	}
}
