// Takes events on the event loop and never waits: a thread writes them, and ends when there was nothing to write for a
// while, since it takes tens of MB and events are rare. While the disk does not take them they wait here, up to a limit,
// and are tried again at growing intervals; beyond it they are counted, and the log says how many are missing where they
// are missing. Nothing of this reaches a request.
//
//   idle ──event──▶ thread: writing ──all written──▶ thread: waiting ──10 s──▶ idle
//                      ▲    └─ failed ─▶ a while ─┐       │
//                      └──────────────────────────┴─event─┘
import type { Worker } from "node:worker_threads";
import type { Clock, Timer } from "../common/clock.ts";
import { startLowPriorityWorker } from "../common/low-priority-worker.ts";
import { type AuditEvent, logEvent, toBody } from "./audit-event.ts";
import type {
	AuditThreadData,
	FromAuditThread,
	ToAuditThread,
} from "./audit-thread.ts";

export interface AuditLogOptions {
	readonly path: string;
	/** The oldest are dropped beyond this. */
	readonly maxEvents: number;
	/** Private key in PEM; empty: heads are not signed. */
	readonly keyPem: string;
	readonly clock: Clock;
	/** Wall-clock time, in ms since 1970. */
	readonly nowMs: () => number;
	/** Events that may wait for the disk. @default 1000: a repository of that size at start */
	readonly maxWaiting?: number;
	readonly listener: AuditListener;
}

interface AuditListener {
	/** Where the log ends now: whoever keeps this can tell a log that was cut. */
	headChanged(head: AuditHead): void;
	/** It was changed from outside. */
	tampered(text: string): void;
	/** The disk does not take events; told once, until it does again. */
	failed(text: string): void;
	recovered(): void;
}

export interface AuditHead {
	readonly seq: number;
	readonly hash: string;
	readonly keyId: string;
	/** In hex; empty: not signed. */
	readonly signature: string;
}

export interface AuditStatus {
	/** Written by this process. */
	readonly writtenCount: number;
	readonly waitingCount: number;
	/** Not written, ever: there was no room to wait. */
	readonly lostCount: number;
	readonly failureCount: number;
	readonly tamperCount: number;
	/** 0 while there is nothing to write. */
	readonly threadCount: number;
	/** Why it does not write; null: it does. */
	readonly problem: string | null;
}

const MAX_WAITING = 1000;
const FIRST_RETRY_US = 1e6;
const LAST_RETRY_US = 60e6;
/** Events of one swap come within it; a thread starts in some tens of ms. */
const IDLE_US = 10e6;
/** Whoever waits for an answer goes first, as when a thread starts because of a swap. */
const NICE = 10;
/** A thread that hangs in the disk must not hold the end of the server. */
const CLOSE_US = 5e6;

export class AuditLog {
	readonly #options: Required<AuditLogOptions>;
	#worker: Worker | null = null;
	/** Those that were told to end. */
	readonly #ending = new Set<Worker>();
	#idle: Timer | null = null;
	/** Where the log ended when it was written last. */
	#head: AuditHead | null = null;
	#hasBegun = false;
	#isClosed = false;
	#waiting: string[] = [];
	/** The first of `#waiting`, as the thread has them; 0: it has none. */
	#underWay = 0;
	#retryUs = FIRST_RETRY_US;
	#retry: Timer | null = null;
	#writtenCount = 0;
	#lostCount = 0;
	#toldLost = 0;
	#failureCount = 0;
	#tamperCount = 0;
	#problem: string | null = null;
	#settled: PromiseWithResolvers<void> | null = null;

	constructor(options: AuditLogOptions) {
		this.#options = { maxWaiting: MAX_WAITING, ...options };
	}

	/** What comes before `begin` waits for it. @param atMs when it happened, in ms since 1970. @default now */
	append(event: AuditEvent, atMs: number = this.#options.nowMs()): void {
		const { maxWaiting } = this.#options;
		if (this.#isClosed || this.#waiting.length >= maxWaiting) {
			this.#lostCount++;
			return;
		}
		const lost = this.#lostCount - this.#toldLost;
		if (lost > 0) {
			this.#toldLost = this.#lostCount;
			const text = `${lost} events are missing here: the disk did not take them`;
			this.#waiting.push(toBody(logEvent("events-lost", text), atMs));
		}
		this.#waiting.push(toBody(event, atMs));
		this.#send();
	}

	/** Starts the thread: it takes a core for some ms, which a server that loads models needs. */
	begin(): void {
		this.#hasBegun = true;
		this.#send();
	}

	status(): AuditStatus {
		return {
			writtenCount: this.#writtenCount,
			waitingCount: this.#waiting.length,
			lostCount: this.#lostCount,
			failureCount: this.#failureCount,
			tamperCount: this.#tamperCount,
			threadCount: this.#ending.size + (this.#worker === null ? 0 : 1),
			problem: this.#problem,
		};
	}

	/** Writes what waits, once; never throws. */
	async close(): Promise<void> {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#retry?.cancel();
		this.#retry = null;
		this.#idle?.cancel();
		if (this.#waiting.length > 0) {
			const { clock } = this.#options;
			const settled = Promise.withResolvers<void>();
			this.#settled = settled;
			const overdue = clock.at(clock.nowUs() + CLOSE_US, settled.resolve);
			this.begin();
			this.#worker?.ref();
			await settled.promise;
			overdue.cancel();
		}
		this.#lostCount += this.#waiting.length;
		const left = [...this.#ending, this.#worker];
		await Promise.all(left.map((worker) => worker?.terminate()));
	}

	#send(): void {
		const canSend = this.#underWay === 0 && this.#retry === null;
		if (!this.#hasBegun || !canSend || this.#waiting.length === 0) return;
		this.#idle?.cancel();
		this.#underWay = this.#waiting.length;
		this.#worker ??= this.#start();
		const message: ToAuditThread = {
			kind: "write",
			bodies: [...this.#waiting],
		};
		this.#worker.postMessage(message);
	}

	#start(): Worker {
		const isSource = import.meta.url.endsWith(".ts");
		const file = isSource ? "audit-worker.ts" : "audit-worker.js";
		const { path, maxEvents, keyPem } = this.#options;
		const head = this.#head;
		const workerData: AuditThreadData = { path, maxEvents, keyPem, head };
		const url = new URL(file, import.meta.url);
		const worker = startLowPriorityWorker(NICE, url, {
			name: "audit",
			workerData,
			// A launcher that resolves to sources does so in its own thread only.
			...(isSource && { execArgv: ["--conditions=source"] }),
		});
		worker.unref();
		worker.on("message", (message: FromAuditThread) => this.#heard(message));
		worker.on("error", (error) => this.#ended(worker, error.message));
		worker.on("exit", () =>
			this.#ended(worker, "the thread that writes it ended"),
		);
		return worker;
	}

	#heard(message: FromAuditThread): void {
		if (message.kind === "failed") {
			this.#failed(message.text);
			return;
		}
		const { kind: _, tampered, ...head } = message;
		const { listener } = this.#options;
		this.#writtenCount += this.#underWay;
		this.#waiting.splice(0, this.#underWay);
		this.#underWay = 0;
		this.#retryUs = FIRST_RETRY_US;
		if (this.#problem !== null) {
			this.#problem = null;
			listener.recovered();
		}
		if (tampered !== null) {
			this.#tamperCount++;
			listener.tampered(tampered);
		}
		this.#head = head;
		listener.headChanged(head);
		if (this.#waiting.length > 0) this.#send();
		else this.#rest();
	}

	/** All is written. */
	#rest(): void {
		this.#settled?.resolve();
		if (this.#isClosed) return;
		const { clock } = this.#options;
		this.#idle = clock.at(clock.nowUs() + IDLE_US, () => this.#endThread());
	}

	/** What comes meanwhile has another: the file, and not the thread, keeps the order. */
	#endThread(): void {
		const worker = this.#worker;
		if (worker === null) return;
		this.#worker = null;
		this.#ending.add(worker);
		const message: ToAuditThread = { kind: "end" };
		worker.postMessage(message);
	}

	#ended(worker: Worker, text: string): void {
		this.#ending.delete(worker);
		if (this.#worker !== worker) return;
		this.#worker = null;
		if (this.#underWay > 0) this.#failed(text);
	}

	#failed(text: string): void {
		const { clock, listener } = this.#options;
		this.#underWay = 0;
		this.#failureCount++;
		const isNew = this.#problem === null;
		this.#problem = text;
		if (isNew) listener.failed(text);
		this.#settled?.resolve();
		if (this.#isClosed) return;
		this.#retry = clock.at(clock.nowUs() + this.#retryUs, () => {
			this.#retry = null;
			this.#send();
		});
		this.#retryUs = Math.min(this.#retryUs * 2, LAST_RETRY_US);
	}
}
