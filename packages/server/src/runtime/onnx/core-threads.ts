// Threads with a core each, for long runs of one thread when there are as many as cores. Where the system places such
// runs it puts two on one core again and again, and leaves the other core idle for milliseconds
// (docs/decisions/0030-a-core-for-each-run.md). Fewer runs go where there is room: that is libuv's pool.
import {
	type RunArguments,
	type RunReturned,
	RunThread,
	type RunThreads,
} from "./run-thread.ts";
import type { RunWorkerData } from "./run-worker.ts";

/** Shorter runs are over before the system would move them: about a tick of Linux, in µs. */
const LONG_US = 4000;
const SMOOTHING = 1 / 8;
/** Long runs that found others under way before a thread is started for the next: warming up meets others, too. */
const MEETINGS_BEFORE_START = 32;

export interface CoreThreadsOptions
	extends Pick<RunWorkerData, "libraryPath" | "nice"> {
	/** Of which each thread gets one; there are no more threads. */
	readonly cores: readonly number[];
	/** Calls under way in libuv's pool. */
	readonly poolCallCount: () => number;
}

export class CoreThreads {
	readonly #options: CoreThreadsOptions;
	readonly #idle: RunThread[] = [];
	#threadCount = 0;
	#runCount = 0;
	#meetingCount = 0;
	/** No thread is started any more: closed, or one could not be kept on its core. */
	#isOver = false;

	constructor(options: CoreThreadsOptions) {
		this.#options = options;
	}

	ofSession(): RunThreads {
		return new SessionShare(this);
	}

	/** For a long run. */
	offers(): boolean {
		const otherCount = this.#runCount + this.#options.poolCallCount();
		// While a core is left over the system does better: it also sees what other processes want.
		if (otherCount === 0 || otherCount + 1 < this.#options.cores.length)
			return false;
		if (this.#idle.length > 0) return true;
		this.#startIfWorthIt();
		return false;
	}

	run(args: RunArguments, returned: RunReturned): void {
		// The one that ran last: its core has most in its cache.
		const thread = this.#idle.pop()!;
		this.#runCount++;
		thread.run(args, (error, status) => {
			this.#runCount--;
			returned(error, status);
		});
	}

	/** No run may be under way. */
	close(): void {
		this.#isOver = true;
		for (const thread of this.#idle.splice(0)) thread.close();
	}

	#startIfWorthIt(): void {
		const { cores, libraryPath, nice } = this.#options;
		if (this.#isOver || this.#threadCount === cores.length) return;
		if (++this.#meetingCount < MEETINGS_BEFORE_START) return;
		const core = cores[this.#threadCount++]!;
		new RunThread(
			{ cores: [core], libraryPath, nice },
			{
				free: (thread) => this.#free(thread),
				ended: (thread) => this.#ended(thread),
			},
		);
	}

	#free(thread: RunThread): void {
		if (this.#isOver) thread.close();
		else this.#idle.push(thread);
	}

	#ended(thread: RunThread): void {
		this.#isOver = true;
		const at = this.#idle.indexOf(thread);
		if (at >= 0) this.#idle.splice(at, 1);
	}
}

/** Offered to one session, when its runs are long. */
class SessionShare implements RunThreads {
	readonly #threads: CoreThreads;
	#likelyUs = 0;

	constructor(threads: CoreThreads) {
		this.#threads = threads;
	}

	offers(): boolean {
		return this.#likelyUs >= LONG_US && this.#threads.offers();
	}

	run(args: RunArguments, returned: RunReturned): void {
		this.#threads.run(args, returned);
	}

	took(us: number): void {
		this.#likelyUs += (us - this.#likelyUs) * SMOOTHING;
	}
}
