// Requests that were told to come and whose bodies are on their way. They count as if they waited already: otherwise
// all that arrive within a round trip would be promised the same time. Each is known by its deadline alone; two with
// the same deadline are as good as one another. One that does not come within a tenth of a second, because its sender
// is slow or left, counts no longer, so that nobody reserves time by promising.

const EXPECTED_FOR_US = 100_000;
/** More are not told apart from fewer: the oldest are forgotten. */
const MAX_COUNT = 1024;

export class ExpectedRequests {
	/** In the order in which they were admitted. */
	#deadlinesUs: number[] = [];
	#sincesUs: number[] = [];

	get count(): number {
		return this.#deadlinesUs.length;
	}

	add(deadlineUs: number, nowUs: number): void {
		if (this.#deadlinesUs.length === MAX_COUNT) this.#removeAt(0);
		this.#deadlinesUs.push(deadlineUs);
		this.#sincesUs.push(nowUs);
	}

	/** No effect when it was not expected. */
	arrived(deadlineUs: number): void {
		const at = this.#deadlinesUs.indexOf(deadlineUs);
		if (at >= 0) this.#removeAt(at);
	}

	/** How many are expected with this deadline or an earlier one. */
	countBefore(deadlineUs: number, nowUs: number): number {
		this.#forget(nowUs);
		let count = 0;
		for (const other of this.#deadlinesUs) if (other <= deadlineUs) count++;
		return count;
	}

	#forget(nowUs: number): void {
		const oldestUs = nowUs - EXPECTED_FOR_US;
		let gone = 0;
		while (this.#sincesUs[gone]! < oldestUs) gone++;
		if (gone === 0) return;
		this.#sincesUs = this.#sincesUs.slice(gone);
		this.#deadlinesUs = this.#deadlinesUs.slice(gone);
	}

	#removeAt(at: number): void {
		this.#deadlinesUs.splice(at, 1);
		this.#sincesUs.splice(at, 1);
	}
}
