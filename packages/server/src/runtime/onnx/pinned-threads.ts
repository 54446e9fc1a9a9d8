// Threads that stay on the cores of one CPU partition and make its runs. libuv's pool cannot: nobody chooses which of
// its threads takes a call. A thread costs some 25 MiB (docs/decisions/0002-off-loop-runs.md), so they start when so
// many runs are under way at once, and none ends before the runtime does. A run that hangs keeps its thread.
import { Worker } from "node:worker_threads";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { Pointer, Status } from "./native.ts";
import type { PinnedThreadData } from "./pinned-worker.ts";

export interface PinnedThreadsOptions {
	readonly cores: readonly number[];
	/** Of ONNX Runtime, which this process has loaded. */
	readonly libraryPath: string;
	/** Priority of the threads, as a nice value. */
	readonly nice: number;
}

/** Runs beyond these wait: as many as fill the cores, and some that begin while others end or hang. */
const SPARE_THREADS = 4;

type Done = (error: Error | null, status: Status) => void;

interface Call {
	/** Of `OrtApi.Run`; the memory behind them outlives the call. */
	readonly args: readonly (Pointer | number)[];
	readonly done: Done;
}

export class PinnedThreads {
	readonly #data: PinnedThreadData;
	readonly #width: number;
	readonly #idle: Worker[] = [];
	readonly #busy = new Map<Worker, Call>();
	readonly #starting = new Set<Worker>();
	readonly #waiting: Call[] = [];
	#isClosed = false;

	constructor(options: PinnedThreadsOptions) {
		this.#data = options;
		this.#width = options.cores.length + SPARE_THREADS;
	}

	/** `done` runs on the event loop: with what `Run` returned, or INTERNAL when the thread ended. */
	run(args: Call["args"], done: Done): void {
		this.#waiting.push({ args, done });
		this.#next();
	}

	/** No run may be under way. */
	close(): void {
		this.#isClosed = true;
		for (const thread of this.#idle.splice(0)) thread.postMessage(null);
	}

	#next(): void {
		const call = this.#waiting[0];
		if (call === undefined) return;
		const thread = this.#idle.pop();
		if (thread !== undefined) {
			this.#waiting.shift();
			this.#busy.set(thread, call);
			// While nothing is under way, threads keep no process alive.
			thread.ref();
			thread.postMessage(call.args);
			return;
		}
		const count = this.#busy.size + this.#starting.size;
		if (this.#starting.size < this.#waiting.length && count < this.#width)
			this.#start();
	}

	#start(): void {
		const isSource = import.meta.url.endsWith(".ts");
		const file = isSource ? "pinned-worker.ts" : "pinned-worker.js";
		const thread = new Worker(new URL(file, import.meta.url), {
			workerData: this.#data,
			// A launcher that resolves to sources does so in its own thread only.
			...(isSource && { execArgv: ["--conditions=source"] }),
		});
		this.#starting.add(thread);
		let problem = "it ended by itself";
		thread.on("message", (status: Status) => this.#answered(thread, status));
		thread.on("error", (error) => {
			problem = error instanceof Error ? error.message : String(error);
		});
		thread.on("exit", () => this.#ended(thread, problem));
	}

	/** The first message says that the thread is where it should be. */
	#answered(thread: Worker, status: Status): void {
		const call = this.#busy.get(thread);
		this.#busy.delete(thread);
		this.#starting.delete(thread);
		thread.unref();
		if (this.#isClosed) thread.postMessage(null);
		else this.#idle.push(thread);
		call?.done(null, status);
		this.#next();
	}

	#ended(thread: Worker, problem: string): void {
		const failed: Call[] = [];
		const call = this.#busy.get(thread);
		if (call !== undefined) failed.push(call);
		// It could not begin, and the next one could not either.
		if (this.#starting.delete(thread)) failed.push(...this.#waiting.splice(0));
		this.#busy.delete(thread);
		const at = this.#idle.indexOf(thread);
		if (at >= 0) this.#idle.splice(at, 1);
		const error = new SaccadeError(
			"INTERNAL",
			`a thread of the partition's cores ended: ${problem}`,
		);
		for (const { done } of failed) done(error, null);
	}
}
