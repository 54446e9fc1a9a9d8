// The entries of one priority level in the order in which they are served: by `orderUs`, and as they came where
// that is equal. Blocks of a bounded size, so that 100,000 entries cost little more than ten: the usual arrival is
// the latest and goes to the end, any other is placed by two binary searches and one short move.
import type { Entry } from "../scheduler.ts";

/** A full block splits in two. */
const BLOCK_ENTRIES = 256;

class Block<E extends Entry> {
	readonly entries: E[];
	rows = 0;

	constructor(entries: E[]) {
		this.entries = entries;
		for (const { rows } of entries) this.rows += rows;
	}
}

export class SortedEntries<E extends Entry> {
	readonly #blocks: Block<E>[] = [];
	#count = 0;

	get count(): number {
		return this.#count;
	}

	/** The entry that is served next; null when empty. */
	first(): E | null {
		return this.#blocks[0]?.entries[0] ?? null;
	}

	/** Entry `index` of block `block`, for walks in order; null beyond the end of the block. */
	at(block: number, index: number): E | null {
		return this.#blocks[block]?.entries[index] ?? null;
	}

	push(entry: E): void {
		this.#count++;
		const last = this.#blocks.at(-1);
		const tail = last?.entries.at(-1);
		if (last === undefined || tail === undefined) {
			this.#blocks.push(new Block([entry]));
		} else if (isBefore(tail, entry)) {
			if (last.entries.length === BLOCK_ENTRIES)
				this.#blocks.push(new Block([entry]));
			else add(last, entry, last.entries.length);
		} else {
			this.#insert(entry);
		}
	}

	remove(entry: E): void {
		const at = this.#blockOf(entry);
		const block = this.#blocks[at]!;
		const { entries } = block;
		if (entries[0] === entry) entries.shift();
		else entries.splice(placeOf(entries, entry), 1);
		block.rows -= entry.rows;
		if (entries.length === 0) this.#blocks.splice(at, 1);
		this.#count--;
	}

	/** Rows of the entries that an entry of this `orderUs` would wait for; counting stops beyond `enough`. */
	rowsBefore(orderUs: number, enough: number): number {
		let rows = 0;
		for (const { entries, rows: blockRows } of this.#blocks) {
			if (rows > enough || entries[0]!.orderUs > orderUs) break;
			if (entries.at(-1)!.orderUs <= orderUs) {
				rows += blockRows;
				continue;
			}
			for (const entry of entries) {
				if (entry.orderUs > orderUs) break;
				rows += entry.rows;
			}
			break;
		}
		return rows;
	}

	#insert(entry: E): void {
		const at = this.#blockOf(entry);
		const block = this.#blocks[at]!;
		add(block, entry, placeOf(block.entries, entry));
		if (block.entries.length <= BLOCK_ENTRIES) return;
		const half = block.entries.splice(BLOCK_ENTRIES / 2);
		for (const { rows } of half) block.rows -= rows;
		this.#blocks.splice(at + 1, 0, new Block(half));
	}

	/** The last block that begins at or before the entry; the first when none does. */
	#blockOf(entry: E): number {
		let low = 0;
		let high = this.#blocks.length - 1;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if (isBefore(entry, this.#blocks[middle]!.entries[0]!)) high = middle - 1;
			else low = middle;
		}
		return low;
	}
}

function add<E extends Entry>(block: Block<E>, entry: E, index: number): void {
	if (index === block.entries.length) block.entries.push(entry);
	else block.entries.splice(index, 0, entry);
	block.rows += entry.rows;
}

/** Where the entry is, or where it belongs. */
function placeOf<E extends Entry>(entries: readonly E[], entry: E): number {
	let low = 0;
	let high = entries.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (isBefore(entries[middle]!, entry)) low = middle + 1;
		else high = middle;
	}
	return low;
}

function isBefore(a: Entry, b: Entry): boolean {
	return (
		a.orderUs < b.orderUs ||
		(a.orderUs === b.orderUs && a.sequence < b.sequence)
	);
}
