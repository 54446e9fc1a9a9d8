// Open-loop load: requests arrive when their schedule says so, whatever the server does. Latency counts from the
// scheduled arrival, so a server that stalls, or a generator that is late, cannot hide it (coordinated omission).
// Memory is bounded: beyond `maxOutstanding` requests count as failures and are not sent.
//
// The closed loop, for comparison, sends the next request when one has ended: what it measures at its most is
// throughput, and its latencies leave out whatever would have arrived meanwhile.
import { type Arrivals, arrivalsUs } from "./arrivals.ts";
import { bottleneckOf } from "./bottleneck.ts";
import type {
	ConnectionEvents,
	LoadConnection,
	OpenCall,
} from "./connection.ts";
import {
	type AnswerKind,
	outcomeOf,
	type RequestOutcome,
	Tally,
	type TallySnapshot,
} from "./outcome.ts";

export interface OpenLoad {
	/** Opens one of `connections` connections. */
	readonly connect: (events: ConnectionEvents) => LoadConnection;
	readonly connections: number;
	/** Distinct requests, sent in turn. */
	readonly requestCount: number;
	/** False: the answer to request `index` is wrong. */
	readonly isRight: (index: number, body: Buffer) => boolean;
	readonly arrivals:
		| Arrivals
		| { readonly kind: "closed"; readonly inFlight: number };
	readonly seed: number;
	/** Of each request, from its scheduled arrival. */
	readonly deadlineUs: number;
	/** Load before the window, so that queues are what they will be. */
	readonly leadUs: number;
	readonly windowUs: number;
	/** Requests without an outcome at once. */
	readonly maxOutstanding: number;
}

export interface WindowMarks {
	windowStarted(): void;
	windowEnded(): void;
}

export interface OpenLoopResult extends TallySnapshot {
	/** That arrived in the window. */
	readonly scheduled: number;
	/** Answers that differ from what they must be. */
	readonly wrong: number;
	/** CPU of this process over the window, in cores. */
	readonly clientCores: number;
	/** Why the numbers tell of the generator more than of the server; null when they do not. */
	readonly bottleneck: string | null;
}

/** How long a client listens, in deadlines: late answers are seen, and then it gives up. */
const PATIENCE = 2;
const TICK_MS = 1;

const nowUs = () => performance.now() * 1000;

/** Runs one window; resolves when every request that arrived in it has its outcome. */
export async function runOpenLoop(
	load: OpenLoad,
	marks: WindowMarks,
): Promise<OpenLoopResult> {
	const run = new OpenLoopRun(load, marks);
	try {
		return await run.finished;
	} finally {
		run.close();
	}
}

class OpenLoopRun {
	readonly finished: Promise<OpenLoopResult>;
	readonly #load: OpenLoad;
	readonly #marks: WindowMarks;
	readonly #tally = new Tally();
	readonly #connections: readonly LoadConnection[];
	readonly #arrivals: Iterator<number, never> | null;
	/** Of the closed loop: requests that may be sent at once. */
	#free: number;
	readonly #startUs: number;
	/** In the order of arrival, which is that of giving up. */
	#calls: { readonly call: OpenCall; readonly via: LoadConnection }[] = [];
	#timer: NodeJS.Timeout | undefined;
	#nextUs: number;
	#count = 0;
	#outstanding = 0;
	#scheduled = 0;
	#ended = 0;
	#wrong = 0;
	#cpu: NodeJS.CpuUsage = { user: 0, system: 0 };
	#phase: "lead" | "window" | "drain" = "lead";
	#resolve: (result: OpenLoopResult) => void = () => {};
	#reject: (error: Error) => void = () => {};

	constructor(load: OpenLoad, marks: WindowMarks) {
		this.#load = load;
		this.#marks = marks;
		this.finished = new Promise((resolve, reject) => {
			this.#resolve = resolve;
			this.#reject = reject;
		});
		this.#connections = Array.from({ length: load.connections }, () =>
			load.connect({
				answered: (call, kind, because, body) =>
					this.#answered(call, kind, because, body),
				failed: (error) => this.#reject(error),
			}),
		);
		const { arrivals } = load;
		this.#startUs = nowUs();
		if (arrivals.kind === "closed") {
			this.#arrivals = null;
			this.#free = arrivals.inFlight;
			this.#nextUs = this.#startUs;
		} else {
			this.#arrivals = arrivalsUs(arrivals, load.seed);
			this.#free = 0;
			this.#nextUs = this.#startUs + this.#arrivals.next().value;
		}
		this.#tick();
	}

	close(): void {
		clearTimeout(this.#timer);
		for (const connection of this.#connections) connection.destroy();
	}

	readonly #tick = (): void => {
		const now = nowUs();
		this.#arrive(now);
		this.#giveUp(now);
		for (const connection of this.#connections) connection.flush();
		if (this.#phase === "drain" && this.#ended === this.#scheduled) {
			this.#resolve(this.#result());
			return;
		}
		this.#timer = setTimeout(this.#tick, TICK_MS);
	};

	#result(): OpenLoopResult {
		const tally = this.#tally.snapshot();
		const { user, system } = this.#cpu;
		const clientCores = (user + system) / this.#load.windowUs;
		return {
			...tally,
			scheduled: this.#scheduled,
			wrong: this.#wrong,
			clientCores,
			bottleneck: bottleneckOf({
				clientCores,
				latenessP99Us: tally.latenessP99Us,
				deadlineUs: this.#load.deadlineUs,
				overCap: tally.outcomes.overCap,
			}),
		};
	}

	/** Everything whose time has come. */
	#arrive(now: number): void {
		const { leadUs, windowUs } = this.#load;
		const opensUs = this.#startUs + leadUs;
		const endsUs = opensUs + windowUs;
		if (this.#phase === "lead" && now >= opensUs) {
			this.#phase = "window";
			this.#cpu = process.cpuUsage();
			this.#marks.windowStarted();
		}
		if (this.#arrivals === null) {
			for (; this.#free > 0 && now < endsUs; this.#free--)
				this.#schedule(now, now);
		} else
			while (this.#nextUs <= now && this.#nextUs < endsUs) {
				this.#schedule(this.#nextUs, now);
				this.#nextUs = this.#startUs + this.#arrivals.next().value;
			}
		if (this.#phase === "window" && now >= endsUs) {
			this.#phase = "drain";
			this.#cpu = process.cpuUsage(this.#cpu);
			this.#marks.windowEnded();
		}
	}

	#schedule(scheduledUs: number, now: number): void {
		const { requestCount, deadlineUs, maxOutstanding } = this.#load;
		const number = this.#count++;
		const call: OpenCall = {
			index: number % requestCount,
			scheduledUs,
			deadlineUs: scheduledUs + deadlineUs,
			state: "waiting",
			streamId: 0,
			sentBytes: 0,
			windowBytes: 0,
			parts: [],
		};
		if (this.#isCounted(call)) {
			this.#scheduled++;
			this.#tally.scheduled(now - scheduledUs);
		}
		this.#outstanding++;
		if (this.#outstanding > maxOutstanding) {
			this.#end(call, "overCap");
			return;
		}
		const via = this.#connections[number % this.#connections.length]!;
		via.submit(call);
		this.#calls.push({ call, via });
	}

	#giveUp(now: number): void {
		const oldestUs = now - PATIENCE * this.#load.deadlineUs;
		let gone = 0;
		for (const { call, via } of this.#calls) {
			if (call.state !== "done") {
				if (call.scheduledUs > oldestUs) break;
				via.abandon(call);
				this.#end(call, "clientTimeout");
			}
			gone++;
		}
		if (gone > 0) this.#calls = this.#calls.slice(gone);
	}

	#answered(
		call: OpenCall,
		kind: AnswerKind,
		because: string,
		body: Buffer,
	): void {
		const latencyUs = nowUs() - call.scheduledUs;
		if (kind === "ok" && !this.#load.isRight(call.index, body)) this.#wrong++;
		const outcome = outcomeOf({ kind, latencyUs }, this.#load.deadlineUs);
		this.#end(call, outcome, latencyUs, because);
	}

	#end(
		call: OpenCall,
		outcome: RequestOutcome,
		latencyUs = 0,
		because = "",
	): void {
		this.#outstanding--;
		if (this.#isCounted(call)) {
			this.#ended++;
			this.#tally.ended(outcome, latencyUs, because);
		}
		if (this.#arrivals !== null) return;
		this.#free++;
		// Not in the tick: the next request does not wait for a timer.
		this.#arrive(nowUs());
		for (const connection of this.#connections) connection.flush();
	}

	/** What arrived before the window fills the queues and is not counted. */
	#isCounted({ scheduledUs }: OpenCall): boolean {
		return scheduledUs >= this.#startUs + this.#load.leadUs;
	}
}
