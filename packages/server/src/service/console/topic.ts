// One subject that consoles follow. It is looked at once a tick, whoever watches, and what changed is written once for
// all who saw the tick before; who did not gets everything.
import type { TopicChange } from "@saccade/protocol/console";

export interface Topic {
	/** Looks: what changed since the last look, as JSON; null: nothing. */
	advance(): string | null;
	/** Everything, as it was at the last look. */
	snapshot(): string;
}

const json = (change: TopicChange) => JSON.stringify(change);

/** An entry that is as it was at the last look. */
export const AS_BEFORE: unique symbol = Symbol("as before");

/** @param isKnown whether it was there at the last look: then it may be `AS_BEFORE` */
export type EntryLister = (
	isKnown: (key: string) => boolean,
) => Iterable<readonly [key: string, entry: unknown]>;

/** Entries by key, which come, change and go. */
export class KeyedTopic implements Topic {
	readonly #list: EntryLister;
	/** As JSON. */
	#entries = new Map<string, string>();

	constructor(list: EntryLister) {
		this.#list = list;
	}

	advance(): string | null {
		const before = this.#entries;
		const entries = new Map<string, string>();
		const set: string[] = [];
		for (const [key, entry] of this.#list((known) => before.has(known))) {
			const old = before.get(key);
			const text =
				entry === AS_BEFORE && old !== undefined ? old : JSON.stringify(entry);
			entries.set(key, text);
			if (old !== text) set.push(pair(key, text));
		}
		const gone = [...before.keys()].filter((key) => !entries.has(key));
		this.#entries = entries;
		if (set.length === 0 && gone.length === 0) return null;
		return `{"kind":"some","set":{${set.join(",")}},"gone":${JSON.stringify(gone)}}`;
	}

	snapshot(): string {
		const all = [...this.#entries].map(([key, text]) => pair(key, text));
		return `{"kind":"all","entries":{${all.join(",")}}}`;
	}
}

/** What happened, in order; the newest are kept. */
export class TailTopic<T> implements Topic {
	readonly #keep: number;
	#items: T[] = [];
	/** Number of the first that is kept. */
	#first = 0;
	/** Number of the first that no look has told of. */
	#untold = 0;

	constructor(keep: number) {
		this.#keep = keep;
	}

	push(item: T): void {
		this.#items.push(item);
		// Twice as many as are told, so that what is old goes in one step and not one by one.
		if (this.#items.length <= 2 * this.#keep) return;
		this.#first += this.#items.length - this.#keep;
		this.#items = this.#items.slice(-this.#keep);
	}

	advance(): string | null {
		if (this.#untold === this.#next) return null;
		const from = Math.max(this.#untold, this.#next - this.#keep);
		this.#untold = this.#next;
		return this.#tell(from);
	}

	snapshot(): string {
		return this.#tell(Math.max(this.#first, this.#untold - this.#keep));
	}

	get #next(): number {
		return this.#first + this.#items.length;
	}

	#tell(from: number): string {
		const items = this.#items.slice(
			from - this.#first,
			this.#untold - this.#first,
		);
		return json({ kind: "tail", from, items, keep: this.#keep });
	}
}

function pair(key: string, text: string): string {
	return `${JSON.stringify(key)}:${text}`;
}
