// The last service times of one batch size, and any quantile of them. A window of few: it forgets a stall after
// four more runs at the ninth decile, and follows a model that became slower within as many.
const WINDOW = 32;

export class ServiceTimes {
	/** In the order of arrival, a ring. */
	readonly #ring = new Float64Array(WINDOW);
	/** The same, ascending. */
	readonly #sorted = new Float64Array(WINDOW);
	#count = 0;
	#next = 0;

	get count(): number {
		return this.#count;
	}

	add(us: number): void {
		if (this.#count === WINDOW) this.#drop(this.#ring[this.#next]!);
		this.#ring[this.#next] = us;
		this.#next = (this.#next + 1) % WINDOW;
		let at = this.#count++;
		for (; at > 0 && this.#sorted[at - 1]! > us; at--)
			this.#sorted[at] = this.#sorted[at - 1]!;
		this.#sorted[at] = us;
	}

	/** Forgets all but the last `count`. */
	keepLatest(count: number): void {
		const kept: number[] = [];
		for (let back = Math.min(count, this.#count); back > 0; back--)
			kept.push(this.#ring[(this.#next - back + WINDOW) % WINDOW]!);
		this.#count = 0;
		this.#next = 0;
		for (const us of kept) this.add(us);
	}

	/** Only this is known from now on. */
	reset(us: number): void {
		this.#count = 0;
		this.#next = 0;
		this.add(us);
	}

	/** µs; NaN when nothing was measured. Of few times the longest does not count: it may be an outlier. */
	quantile(share: number): number {
		if (this.#count === 0) return Number.NaN;
		return this.#sorted[Math.floor(share * (this.#count - 1))]!;
	}

	#drop(us: number): void {
		const at = this.#sorted.indexOf(us);
		this.#sorted.copyWithin(at, at + 1, this.#count);
		this.#count--;
	}
}
