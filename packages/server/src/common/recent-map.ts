// A map that keeps what was set or asked for lately, and forgets the rest.
export class RecentMap<Key, Value> {
	readonly #maxCount: number;
	/** The one that was asked for longest ago is the first. */
	readonly #entries = new Map<Key, Value>();

	constructor(maxCount: number) {
		this.#maxCount = maxCount;
	}

	get(key: Key): Value | undefined {
		const value = this.#entries.get(key);
		if (value !== undefined) this.set(key, value);
		return value;
	}

	set(key: Key, value: Value): void {
		this.#entries.delete(key);
		this.#entries.set(key, value);
		if (this.#entries.size <= this.#maxCount) return;
		const [oldest] = this.#entries.keys();
		if (oldest !== undefined) this.#entries.delete(oldest);
	}

	delete(key: Key): void {
		this.#entries.delete(key);
	}
}
