// Off-loop calls run on libuv's pool, which files, DNS and zlib share. A gate keeps some of its threads free for
// them, however many runs hang: calls beyond its width wait here, first in, first out.
// Why this pool and not worker threads: docs/decisions/0002-off-loop-runs.md.

/** Threads of libuv's pool that runs never take. */
const RESERVED_THREADS = 2;
const LIBUV_DEFAULT_THREADS = 4;

export class OffloadGate {
	readonly width: number;
	readonly #waiting: (() => void)[] = [];
	#busy = 0;

	/** @param poolThreads size of libuv's pool; the launcher sets it before the pool starts */
	constructor(poolThreads: number) {
		this.width = Math.max(1, poolThreads - RESERVED_THREADS);
	}

	/** Calls `start` when a thread is free, perhaps at once. `start`'s completion must call `leave`. */
	enter(start: () => void): void {
		if (this.#busy < this.width) {
			this.#busy++;
			start();
		} else {
			this.#waiting.push(start);
		}
	}

	leave(): void {
		const next = this.#waiting.shift();
		if (next === undefined) this.#busy--;
		else next();
	}

	get busyCount(): number {
		return this.#busy;
	}
}

/** Size of libuv's pool as `UV_THREADPOOL_SIZE` says it; libuv's own default otherwise. */
export function poolThreadsOf(setting: string | undefined): number {
	const count = Number(setting);
	return Number.isInteger(count) && count > 0 ? count : LIBUV_DEFAULT_THREADS;
}
