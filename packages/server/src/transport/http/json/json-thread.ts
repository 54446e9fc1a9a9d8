// Large JSON bodies are parsed here, off the event loop: one thread, started by the first of them, ended when it was
// idle for a while and with the transport. One task at a time is with the thread, the others wait in order, so that
// one whose client left is dropped before it costs anything. Bytes move there and back; they are not copied.
//
//   absent ──first task──▶ running ──answer──▶ idle ──task──▶ running
//      ▲                      │ ends by itself    │ idle time over, close
//      └──────────────────────┴───────────────────┘
import type { Worker } from "node:worker_threads";
import { fromPlainError } from "../../../errors/plain-error.ts";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import type { JsonAnswer, JsonResult, JsonTask } from "./json-task.ts";

/** Called once: what the task yields, or why not. From then on the thread holds none of its bytes. */
export type JsonDone<Task extends JsonTask> = (
	error: SaccadeError | null,
	result: JsonResult<Task> | null,
) => void;

export interface JsonJob {
	/** The client left: CANCELLED, at once when the thread has not begun, else when it is done. */
	cancel(): void;
}

interface Job {
	readonly task: JsonTask;
	readonly done: JsonDone<JsonTask>;
	isCancelled: boolean;
}

export interface JsonThreadOptions {
	/** Bodies that wait behind the one that is parsed. @default 64: their bytes are bounded by the body budget */
	readonly maxWaitingCount?: number;
	/** Time without work after which the thread ends. @default 10 s: starting it takes some 50 ms */
	readonly idleMs?: number;
}

const DEFAULTS = { maxWaitingCount: 64, idleMs: 10_000 };
/** A ceiling far above the values of 64 MiB of JSON (some 1 GB at the worst): beyond it V8 ends the whole process. */
const HEAP_MB = 8192;

export class JsonThread {
	readonly #maxWaitingCount: number;
	readonly #idleMs: number;
	readonly #waiting: Job[] = [];
	#running: Job | null = null;
	#worker: Worker | null = null;
	#idleTimer: NodeJS.Timeout | null = null;
	#isClosed = false;

	constructor(options: JsonThreadOptions = {}) {
		const { maxWaitingCount, idleMs } = { ...DEFAULTS, ...options };
		this.#maxWaitingCount = maxWaitingCount;
		this.#idleMs = idleMs;
	}

	get isStarted(): boolean {
		return this.#worker !== null;
	}

	/**
	 * The task's bytes must be alone in their memory: they move. `done` gets QUEUE_FULL or UNAVAILABLE before this
	 * returns, INTERNAL when the thread died, or what the task throws.
	 */
	run<Task extends JsonTask>(task: Task, done: JsonDone<Task>): JsonJob {
		const job: Job = {
			task,
			done: done as JsonDone<JsonTask>,
			isCancelled: false,
		};
		const refusal = this.#refusal();
		if (refusal !== null) done(refusal, null);
		else {
			this.#waiting.push(job);
			this.#next();
		}
		return { cancel: () => this.#cancel(job) };
	}

	/** Fails what waits and ends the thread. */
	async close(): Promise<void> {
		this.#isClosed = true;
		const jobs = this.#waiting.splice(0);
		if (this.#running !== null) jobs.unshift(this.#running);
		this.#running = null;
		await this.#end();
		for (const job of jobs) finish(job, closed(), null);
	}

	#refusal(): SaccadeError | null {
		if (this.#isClosed) return closed();
		if (this.#waiting.length < this.#maxWaitingCount) return null;
		return new SaccadeError(
			"QUEUE_FULL",
			`${this.#waiting.length} large JSON bodies wait to be parsed, the most is ${this.#maxWaitingCount}; retry later, or send binary tensors`,
			{ refusedBecause: "queue-full" },
		);
	}

	#next(): void {
		if (this.#running !== null) return;
		const job = this.#waiting.shift();
		if (job === undefined) {
			this.#worker?.unref();
			this.#idleTimer ??= setTimeout(() => void this.#end(), this.#idleMs);
			this.#idleTimer.unref();
			return;
		}
		if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
		this.#idleTimer = null;
		this.#running = job;
		this.#worker ??= this.#start();
		this.#worker.ref();
		const { buffer } = job.task.body.bytes;
		this.#worker.postMessage(job.task, [buffer as ArrayBuffer]);
	}

	#start(): Worker {
		// Loaded by the first large body: most starts need nothing of it.
		const threads = process.getBuiltinModule("node:worker_threads");
		const isSource = import.meta.url.endsWith(".ts");
		const file = isSource ? "json-worker.ts" : "json-worker.js";
		const worker = new threads.Worker(new URL(file, import.meta.url), {
			// A launcher that resolves to sources does so in its own thread only.
			...(isSource && { execArgv: ["--conditions=source"] }),
			resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
		});
		worker.on("message", (answer: JsonAnswer) => this.#answered(answer));
		// "exit" follows, and settles it.
		worker.on("error", () => {});
		worker.on("exit", () => this.#exited(worker));
		return worker;
	}

	#answered(answer: JsonAnswer): void {
		const job = this.#running;
		this.#running = null;
		if (job !== null) {
			if (answer.ok) finish(job, null, answer.result);
			else finish(job, fromPlainError(answer.error), null);
		}
		this.#next();
	}

	/** By itself: a fault of ours. Whoever waits gets a new one. */
	#exited(worker: Worker): void {
		if (this.#worker !== worker) return;
		this.#worker = null;
		const job = this.#running;
		this.#running = null;
		if (job !== null)
			finish(
				job,
				new SaccadeError(
					"INTERNAL",
					"the thread that parsed the JSON body ended; send smaller bodies, or binary tensors",
				),
				null,
			);
		if (this.#waiting.length > 0) this.#next();
	}

	#cancel(job: Job): void {
		job.isCancelled = true;
		const at = this.#waiting.indexOf(job);
		if (at < 0) return;
		this.#waiting.splice(at, 1);
		finish(job, null, null);
	}

	async #end(): Promise<void> {
		if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
		this.#idleTimer = null;
		const worker = this.#worker;
		this.#worker = null;
		await worker?.terminate();
	}
}

function finish(
	job: Job,
	error: SaccadeError | null,
	result: JsonResult | null,
): void {
	if (job.isCancelled) job.done(left(), null);
	else job.done(error, result);
}

function left(): SaccadeError {
	return new SaccadeError("CANCELLED", "the client left");
}

function closed(): SaccadeError {
	return new SaccadeError("UNAVAILABLE", "Server exiting", {
		refusedBecause: "shutting-down",
	});
}
