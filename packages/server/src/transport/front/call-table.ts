// Calls under way by id, in an array: the lower bits of an id are its place there, the upper ones tell it from those
// that had the place before. Not a Map, which holds on to calls that are over once V8 has given it a new table
// (docs/decisions/0026).

const PLACE_BITS = 20;
const PLACE_MASK = 2 ** PLACE_BITS - 1;
/** Ids are positive numbers of 32 bits. */
const TURN_MASK = 2 ** (31 - PLACE_BITS) - 1;

/** Ids of calls that begin, at the end that chooses them. */
export class CallIds {
	/** By place: whose it was last. */
	readonly #last: number[] = [];
	/** Places that were given back; the last one is taken first, so that those in use stay close together. */
	readonly #free: number[] = [];

	/** One that no call has, nor any of the last ones that had its place. */
	take(): number {
		const at = this.#free.pop() ?? this.#last.length;
		const turn = (((this.#last[at] ?? 0) >>> PLACE_BITS) + 1) & TURN_MASK;
		const id = (turn << PLACE_BITS) | at;
		this.#last[at] = id;
		return id;
	}

	/** Once, of a call that is over at both ends. */
	giveBack(id: number): void {
		this.#free.push(id & PLACE_MASK);
	}
}

export class CallTable<Call> {
	readonly #ids: number[] = [];
	readonly #calls: (Call | undefined)[] = [];
	#size = 0;

	get size(): number {
		return this.#size;
	}

	/** @param id of `CallIds`, and of no call that is here */
	set(id: number, call: Call): void {
		const at = id & PLACE_MASK;
		// Places are taken one after the other, but calls may come in another order.
		while (this.#ids.length <= at) {
			this.#ids.push(0);
			this.#calls.push(undefined);
		}
		this.#ids[at] = id;
		this.#calls[at] = call;
		this.#size++;
	}

	get(id: number): Call | undefined {
		const at = id & PLACE_MASK;
		return this.#ids[at] === id ? this.#calls[at] : undefined;
	}

	delete(id: number): void {
		if (this.get(id) === undefined) return;
		this.#calls[id & PLACE_MASK] = undefined;
		this.#size--;
	}

	/** Of the calls that are here now. */
	ids(): number[] {
		return this.#ids.filter((_, at) => this.#calls[at] !== undefined);
	}
}
