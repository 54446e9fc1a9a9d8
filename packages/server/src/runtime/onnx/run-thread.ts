// One worker thread that makes runs, and the run that it has. The thread: run-worker.ts.
import { Worker } from "node:worker_threads";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { Pointer, Status } from "./native.ts";
import type { RunWorkerData } from "./run-worker.ts";

/** Of `OrtApi.Run`; the memory behind them outlives the call. */
export type RunArguments = readonly (Pointer | number)[];
export type RunReturned = (error: Error | null, status: Status) => void;

/** Threads that a session's runs are made on which are kept off the event loop. */
export interface RunThreads {
	/** False: none now, and the run is for libuv's pool. */
	offers(): boolean;
	/** To be called where they are offered. `returned` is called on the event loop, with INTERNAL when the thread ended. */
	run(args: RunArguments, returned: RunReturned): void;
	/** A run of the session was kept off the event loop, wherever, and took so long, in µs. */
	took(us: number): void;
}

export interface RunThreadEvents {
	/** It has started, or its run returned, and it takes another one. */
	free(thread: RunThread): void;
	/** It ended by itself, or could not begin. */
	ended(thread: RunThread, error: SaccadeError): void;
}

export class RunThread {
	readonly #worker: Worker;
	readonly #events: RunThreadEvents;
	#returned: RunReturned | null = null;

	constructor(data: RunWorkerData, events: RunThreadEvents) {
		this.#events = events;
		const isSource = import.meta.url.endsWith(".ts");
		const file = isSource ? "run-worker.ts" : "run-worker.js";
		const worker = new Worker(new URL(file, import.meta.url), {
			workerData: data,
			// A launcher that resolves to sources does so in its own thread only.
			...(isSource && { execArgv: ["--conditions=source"] }),
		});
		this.#worker = worker;
		let problem = "it ended by itself";
		worker.on("message", (status: Status) => this.#answered(status));
		worker.on("error", (error) => {
			problem = error instanceof Error ? error.message : String(error);
		});
		worker.on("exit", () => this.#ended(problem));
	}

	/** Not while another run is under way. */
	run(args: RunArguments, returned: RunReturned): void {
		this.#returned = returned;
		// While nothing is under way, threads keep no process alive.
		this.#worker.ref();
		this.#worker.postMessage(args);
	}

	/** Ends after the run that it has. */
	close(): void {
		this.#worker.postMessage(null);
	}

	/** The first message says that the thread is where it should be. */
	#answered(status: Status): void {
		const returned = this.#returned;
		this.#returned = null;
		this.#worker.unref();
		this.#events.free(this);
		returned?.(null, status);
	}

	#ended(problem: string): void {
		const returned = this.#returned;
		this.#returned = null;
		const error = new SaccadeError(
			"INTERNAL",
			`a thread that makes runs ended: ${problem}`,
		);
		this.#events.ended(this, error);
		returned?.(error, null);
	}
}
