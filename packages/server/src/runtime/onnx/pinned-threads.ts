// Threads that stay on the cores of one CPU partition and make its runs. libuv's pool cannot: nobody chooses which of
// its threads takes a call. A thread costs memory (docs/decisions/0002-off-loop-runs.md), so they start when so
// many runs are under way at once, and none ends before the runtime does. A run that hangs keeps its thread.
import {
	type RunArguments,
	type RunReturned,
	RunThread,
	type RunThreads,
} from "./run-thread.ts";
import type { RunWorkerData } from "./run-worker.ts";

/** Runs beyond these wait: as many as fill the cores, and some that begin while others end or hang. */
const SPARE_THREADS = 4;

interface Call {
	readonly args: RunArguments;
	readonly returned: RunReturned;
}

export class PinnedThreads implements RunThreads {
	readonly #data: RunWorkerData;
	readonly #width: number;
	readonly #threads = new Set<RunThread>();
	readonly #starting = new Set<RunThread>();
	readonly #idle: RunThread[] = [];
	readonly #waiting: Call[] = [];
	#isClosed = false;

	/** All on the same cores. */
	constructor(data: RunWorkerData) {
		this.#data = data;
		this.#width = data.cores.length + SPARE_THREADS;
	}

	/** Its runs are made nowhere else. */
	offers(): boolean {
		return true;
	}

	run(args: RunArguments, returned: RunReturned): void {
		this.#waiting.push({ args, returned });
		this.#next();
	}

	took(): void {}

	/** No run may be under way. */
	close(): void {
		this.#isClosed = true;
		for (const thread of this.#idle.splice(0)) thread.close();
	}

	#next(): void {
		const call = this.#waiting[0];
		if (call === undefined) return;
		const thread = this.#idle.pop();
		if (thread !== undefined) {
			this.#waiting.shift();
			thread.run(call.args, call.returned);
			return;
		}
		const isWanted = this.#starting.size < this.#waiting.length;
		if (isWanted && this.#threads.size < this.#width) this.#start();
	}

	#start(): void {
		const thread = new RunThread(this.#data, {
			free: () => this.#free(thread),
			ended: (_, error) => this.#ended(thread, error),
		});
		this.#threads.add(thread);
		this.#starting.add(thread);
	}

	#free(thread: RunThread): void {
		this.#starting.delete(thread);
		if (this.#isClosed) thread.close();
		else this.#idle.push(thread);
		this.#next();
	}

	#ended(thread: RunThread, error: Error): void {
		this.#threads.delete(thread);
		const at = this.#idle.indexOf(thread);
		if (at >= 0) this.#idle.splice(at, 1);
		// It could not begin, and the next one could not either.
		if (!this.#starting.delete(thread)) return;
		for (const { returned } of this.#waiting.splice(0)) returned(error, null);
	}
}
