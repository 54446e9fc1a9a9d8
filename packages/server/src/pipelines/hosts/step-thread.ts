// A worker thread with steps, as the server sees it: one request at a time is with it, the others wait here. A step that
// takes too long, ends its thread or holds on to memory costs the frame that is with it; the thread is replaced, and
// what waits goes to the new one.
//
//   absent ──first request──▶ busy ◀──▶ idle
//      ▲                       │ too long, ended, leaked
//      └───────────────────────┘
import { Worker } from "node:worker_threads";
import type { Clock, Timer } from "../../common/clock.ts";
import { offsetToSharedUs } from "../../common/shared-clock.ts";
import { SaccadeError, withoutStack } from "../../errors/saccade-error.ts";
import type { StepFrame } from "../steps/step.ts";
import type {
	SegmentSpec,
	StepDescription,
	ThreadAnswer,
	ThreadData,
	ThreadRequest,
	ThreadSpan,
} from "./messages.ts";

export interface StepThreadOptions {
	/** For people: the steps in it. */
	readonly name: string;
	/** URL of a module that exports steps; null: the steps that come with the server. */
	readonly source: string | null;
	readonly clock: Clock;
	/** What it may hold: heap and buffers. @default 512 MiB: twice the largest clouds and tensors of a pipeline */
	readonly maxBytes?: number;
	/** For loading, and for timing a step. @default 20 s */
	readonly startTimeoutUs?: number;
	readonly onReplaced?: (reason: string) => void;
}

export interface SegmentRun {
	/** A stream. */
	readonly session: number;
	/** Which segment of the stream's pipeline. */
	readonly unit: number;
	readonly workspace: number;
	readonly segment: SegmentSpec;
	readonly inputs: readonly unknown[];
	readonly frame: Omit<StepFrame, "nowUs">;
	readonly timeoutUs: number;
	readonly signal: AbortSignal;
}

export interface SegmentResult {
	readonly outputs: readonly unknown[];
	readonly spans: readonly ThreadSpan[];
}

interface Job {
	readonly request: (id: number) => ThreadRequest;
	readonly timeoutUs: number;
	/** For people: what takes too long. */
	readonly what: string;
	readonly resolve: (answer: ThreadAnswer) => void;
	readonly reject: (error: SaccadeError) => void;
}

const MIB = 1024 * 1024;
const DEFAULTS = { maxBytes: 512 * MIB, startTimeoutUs: 20e6 };

export class StepThread {
	readonly #options: Required<Omit<StepThreadOptions, "onReplaced">>;
	readonly #onReplaced: (reason: string) => void;
	readonly #waiting: Job[] = [];
	/** `session/unit/workspace` that the thread knows. */
	readonly #known = new Set<string>();
	#running: Job | null = null;
	#runningId = 0;
	#watch: Timer | null = null;
	#worker: Worker | null = null;
	#isClosed = false;

	constructor(options: StepThreadOptions) {
		const { onReplaced = () => {}, ...rest } = options;
		this.#options = { ...DEFAULTS, ...rest };
		this.#onReplaced = onReplaced;
	}

	/** Names of its steps. Throws LOAD_FAILED. */
	async list(): Promise<readonly string[]> {
		const answer = await this.#load("loading its steps", (id) => ({
			kind: "list",
			id,
		}));
		return answer.kind === "listed" ? answer.steps : [];
	}

	/** Throws LOAD_FAILED. */
	async describe(
		step: string,
		settings: Readonly<Record<string, unknown>>,
	): Promise<StepDescription> {
		const answer = await this.#load(`timing step '${step}'`, (id) => ({
			...{ kind: "describe", id, step, settings },
		}));
		if (answer.kind !== "described") throw unexpected(answer);
		return answer.description;
	}

	/** Rejects when the thread has let go of the inputs: CANCELLED, EXECUTION_FAILED, or what the step throws. */
	async run(run: SegmentRun): Promise<SegmentResult> {
		const { signal, frame, session, unit, workspace, timeoutUs } = run;
		const key = `${session}/${unit}/${workspace}`;
		const names = run.segment.steps.map(({ node }) => node).join(", ");
		const answer = await new Promise<ThreadAnswer>((resolve, fail) => {
			const reject = (error: SaccadeError) => {
				// Perhaps it could not be made: the thread is told again what it is.
				this.#known.delete(key);
				fail(error);
			};
			const job: Job = {
				request: (id) => ({
					...{ kind: "run", id, session, unit, workspace, frame },
					inputs: run.inputs,
					segment: this.#learn(key) ? run.segment : null,
					clockOffsetUs: this.#clockOffsetUs(),
				}),
				what: `step ${names}`,
				...{ timeoutUs, resolve, reject },
			};
			if (!this.#enqueue(job)) return;
			signal.addEventListener("abort", () => this.#cancel(job), { once: true });
		});
		if (answer.kind !== "ran") throw unexpected(answer);
		if (answer.leakedBytes !== null)
			throw failed(
				`step ${names} holds ${Math.round(answer.leakedBytes / MIB)} MiB, more than the ${Math.round(this.#options.maxBytes / MIB)} MiB that it may; its thread was replaced`,
			);
		return answer;
	}

	/** Of a stream that ended. */
	closeSession(session: number): void {
		for (const key of this.#known)
			if (key.startsWith(`${session}/`)) this.#known.delete(key);
		this.#worker?.postMessage({ kind: "close", session });
	}

	async close(): Promise<void> {
		this.#isClosed = true;
		const worker = this.#worker;
		this.#lose("the server closes");
		for (const job of this.#waiting.splice(0)) job.reject(closed());
		await worker?.terminate();
	}

	async #load(
		what: string,
		request: (id: number) => ThreadRequest,
	): Promise<ThreadAnswer> {
		try {
			return await new Promise<ThreadAnswer>((resolve, reject) => {
				const { startTimeoutUs: timeoutUs } = this.#options;
				this.#enqueue({ request, what, timeoutUs, resolve, reject });
			});
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			throw new SaccadeError("LOAD_FAILED", reason, { cause: error });
		}
	}

	#enqueue(job: Job): boolean {
		if (this.#isClosed) {
			job.reject(closed());
			return false;
		}
		this.#waiting.push(job);
		this.#next();
		return true;
	}

	#cancel(job: Job): void {
		const at = this.#waiting.indexOf(job);
		if (at < 0) return;
		this.#waiting.splice(at, 1);
		job.reject(
			withoutStack(() => new SaccadeError("CANCELLED", "nobody waits for it")),
		);
	}

	#next(): void {
		if (this.#running !== null) return;
		const job = this.#waiting.shift();
		if (job === undefined) {
			this.#worker?.unref();
			return;
		}
		const isNew = this.#worker === null;
		this.#worker ??= this.#start();
		this.#worker.ref();
		this.#running = job;
		this.#runningId++;
		const { clock, startTimeoutUs } = this.#options;
		// Loading is not the step's time.
		const limitUs = job.timeoutUs + (isNew ? startTimeoutUs : 0);
		const worker = this.#worker;
		this.#watch = clock.at(clock.nowUs() + limitUs, () =>
			this.#fail(
				worker,
				`${job.what} did not answer within ${Math.round(limitUs / 1000)} ms; its thread was replaced`,
			),
		);
		try {
			worker.postMessage(job.request(this.#runningId));
		} catch (error) {
			// A value that cannot be sent to another thread.
			this.#settle()?.reject(
				failed(
					`${job.what}: ${error instanceof Error ? error.message : error}`,
				),
			);
			this.#known.clear();
			this.#next();
		}
	}

	#start(): Worker {
		const { source, maxBytes, name } = this.#options;
		const data: ThreadData = { source, maxBytes };
		const worker = new Worker(workerUrl(), {
			name,
			workerData: data,
			// A launcher that resolves to sources does so in its own thread only.
			...(isSource && { execArgv: ["--conditions=source"] }),
			resourceLimits: { maxOldGenerationSizeMb: Math.ceil(maxBytes / MIB) },
		});
		worker.on("message", (answer: ThreadAnswer) =>
			this.#answered(worker, answer),
		);
		worker.on("error", (error) =>
			this.#fail(
				worker,
				`${this.#what()} ended its thread: ${error instanceof Error ? error.message : String(error)}; it was replaced`,
			),
		);
		worker.on("exit", (code) =>
			this.#fail(
				worker,
				`${this.#what()} ended its thread with code ${code}; it was replaced`,
			),
		);
		return worker;
	}

	#what(): string {
		return this.#running?.what ?? `${this.#options.name}, at rest,`;
	}

	#answered(worker: Worker, answer: ThreadAnswer): void {
		if (worker !== this.#worker || answer.id !== this.#runningId) return;
		const job = this.#settle();
		if (answer.kind === "failed")
			job?.reject(
				withoutStack(() => new SaccadeError(answer.code, answer.message)),
			);
		else job?.resolve(answer);
		if (answer.kind === "ran" && answer.leakedBytes !== null) {
			this.#drop();
			void worker.terminate();
			this.#onReplaced(
				`${this.#options.name} held ${answer.leakedBytes} bytes`,
			);
		}
		this.#next();
	}

	/** The thread is lost, and what it runs with it. */
	#fail(worker: Worker, reason: string): void {
		if (worker !== this.#worker) return;
		this.#lose(reason);
		void worker.terminate();
		this.#onReplaced(reason);
		this.#next();
	}

	#lose(reason: string): void {
		this.#drop();
		this.#settle()?.reject(failed(reason));
	}

	#drop(): void {
		this.#worker = null;
		this.#known.clear();
	}

	#settle(): Job | null {
		const job = this.#running;
		this.#watch?.cancel();
		this.#watch = null;
		this.#running = null;
		return job;
	}

	/** Whether the thread has to be told what the segment is. */
	#learn(key: string): boolean {
		const isNew = !this.#known.has(key);
		this.#known.add(key);
		return isNew;
	}

	#clockOffsetUs(): number {
		return offsetToSharedUs(this.#options.clock);
	}
}

function failed(message: string): SaccadeError {
	return new SaccadeError("EXECUTION_FAILED", message);
}

function closed(): SaccadeError {
	return new SaccadeError("UNAVAILABLE", "the server closes");
}

function unexpected(answer: ThreadAnswer): SaccadeError {
	return failed(`an answer of kind '${answer.kind}' that nobody asked for`);
}

/** Beside this file: its source in development, compiled in the package. */
const isSource = import.meta.url.endsWith(".ts");

function workerUrl(): URL {
	return new URL(
		isSource ? "./step-worker.ts" : "./step-worker.js",
		import.meta.url,
	);
}
