// Counts of a front in shared memory: it writes them now and then, the core reads them when it is asked.
import type { NetworkCounts } from "./network.ts";

const NAMES = [
	"httpConnections",
	"grpcConnections",
	"bodyLeases",
	"slotAllocations",
	"slotIdleBytes",
	"landedBytes",
	"answeredBytes",
	"recopiedBytes",
] as const satisfies readonly (keyof NetworkCounts)[];

export class FrontCounts {
	readonly memory: SharedArrayBuffer;
	readonly #words: Float64Array;

	constructor(memory = new SharedArrayBuffer(NAMES.length * 8)) {
		this.memory = memory;
		this.#words = new Float64Array(memory);
	}

	write(counts: NetworkCounts): void {
		for (const [word, name] of NAMES.entries())
			this.#words[word] = counts[name];
	}

	/** The front is gone, and what was open with it. */
	clear(): void {
		this.#words.fill(0);
	}

	/** @param others counts that these are added to */
	addTo(others: NetworkCounts): NetworkCounts {
		const sum = { ...others };
		for (const [word, name] of NAMES.entries())
			sum[name] += this.#words[word] ?? 0;
		return sum;
	}
}
