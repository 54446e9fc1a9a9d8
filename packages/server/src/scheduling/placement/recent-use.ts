// How much of a device somebody used lately: service, forgotten exponentially. At a steady pace it settles at the part
// of the device that is used, 0 to 1, whatever the length of runs.

/** What was used so long ago counts a third (1/e), in µs: some runs of large models, and less than people wait. */
const MEMORY_US = 500_000;

export class RecentUse {
	readonly #threadCount: number;
	#us = 0;
	#atUs = 0;

	/** @param threadCount of the device */
	constructor(threadCount: number) {
		this.#threadCount = threadCount;
	}

	/** @param us of one thread, from now on */
	add(us: number, nowUs: number): void {
		this.#us = this.#decayedUs(nowUs) + us;
		this.#atUs = nowUs;
	}

	/** What was added last took so much longer, or shorter. */
	correct(us: number): void {
		this.#us = Math.max(0, this.#us + us);
	}

	/** 0 to 1, about. */
	of(nowUs: number): number {
		return this.#decayedUs(nowUs) / (MEMORY_US * this.#threadCount);
	}

	#decayedUs(nowUs: number): number {
		return this.#us * Math.exp((this.#atUs - nowUs) / MEMORY_US);
	}
}
