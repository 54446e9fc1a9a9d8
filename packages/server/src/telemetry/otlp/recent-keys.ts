// The newest of many keys. Not one Set from which the oldest is deleted: until V8 makes it anew its first entries are
// holes, and whoever asks for the oldest passes over all of them.

export class RecentKeys {
	readonly #count: number;
	#newest = new Set<string>();
	#before = new Set<string>();

	/** @param count so many are remembered at least, and twice as many at most */
	constructor(count: number) {
		this.#count = count;
	}

	/** False: it is remembered already. */
	add(key: string): boolean {
		if (this.#newest.has(key) || this.#before.has(key)) return false;
		if (this.#newest.size >= this.#count) {
			this.#before = this.#newest;
			this.#newest = new Set();
		}
		this.#newest.add(key);
		return true;
	}
}
