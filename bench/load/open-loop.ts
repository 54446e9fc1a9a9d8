// Open-loop load: requests arrive when a Poisson process says so, whatever the server does. Latency counts from the
// scheduled arrival, so a server that stalls, or a generator that is late, cannot hide it (coordinated omission).
// Memory is bounded: beyond `maxOutstanding` requests count as failures and are not sent.
import { poissonArrivals } from "./open-loop/arrivals.ts";
import type { CallEvents, CallSender, OpenCall } from "./open-loop/call.ts";
import { OpenLoopConnection } from "./open-loop/connection.ts";
import { HttpPool } from "./open-loop/http-pool.ts";
import { outcomeOf, Tally, type TallySnapshot } from "./open-loop/outcome.ts";
import { endsWithFloats } from "./workload.ts";

export interface OpenLoad {
	readonly host: string;
	readonly port: number;
	readonly connections: number;
	/** gRPC messages with their prefix, or whole HTTP/1.1 requests where `decodeHttp` is given. */
	readonly requests: readonly Uint8Array[];
	/** What of an answer's content ends with the tensor's bytes. Connections are opened as they are needed. */
	readonly decodeHttp?: (content: Uint8Array) => Uint8Array;
	readonly expected: readonly Float32Array[];
	readonly ratePerSecond: number;
	readonly seed: number;
	/** Of each request, from its scheduled arrival. */
	readonly deadlineUs: number;
	/** Whether requests carry what is left of it, as `grpc-timeout`. */
	readonly tellsDeadline: boolean;
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
	readonly #connections: readonly CallSender[];
	readonly #arrivals: Iterator<number, never>;
	readonly #startUs: number;
	/** In the order of arrival, which is that of giving up. */
	#calls: { readonly call: OpenCall; readonly via: CallSender }[] = [];
	#timer: NodeJS.Timeout | undefined;
	#nextUs: number;
	#count = 0;
	#outstanding = 0;
	#scheduled = 0;
	#ended = 0;
	#wrong = 0;
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
		this.#connections = connectionsOf(load, {
			answered: (call, status, because, message) =>
				this.#answered(call, status, because, message),
			failed: (error) => this.#reject(error),
		});
		this.#arrivals = poissonArrivals(load.ratePerSecond, load.seed);
		this.#startUs = nowUs();
		this.#nextUs = this.#startUs + this.#arrivals.next().value;
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
			this.#resolve({
				...this.#tally.snapshot(),
				scheduled: this.#scheduled,
				wrong: this.#wrong,
			});
			return;
		}
		this.#timer = setTimeout(this.#tick, TICK_MS);
	};

	/** Everything whose time has come. */
	#arrive(now: number): void {
		const { leadUs, windowUs } = this.#load;
		const opensUs = this.#startUs + leadUs;
		const endsUs = opensUs + windowUs;
		if (this.#phase === "lead" && now >= opensUs) {
			this.#phase = "window";
			this.#marks.windowStarted();
		}
		while (this.#nextUs <= now && this.#nextUs < endsUs) {
			this.#schedule(this.#nextUs, now);
			this.#nextUs = this.#startUs + this.#arrivals.next().value;
		}
		if (this.#phase === "window" && now >= endsUs) {
			this.#phase = "drain";
			this.#marks.windowEnded();
		}
	}

	#schedule(scheduledUs: number, now: number): void {
		const { requests, deadlineUs, maxOutstanding } = this.#load;
		const number = this.#count++;
		const call: OpenCall = {
			index: number % requests.length,
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
		status: number | null,
		because: string,
		message: Buffer,
	): void {
		const latencyUs = nowUs() - call.scheduledUs;
		const expected = this.#load.expected[call.index]!;
		if (status === 0 && !endsWithFloats(message, message.length, expected))
			this.#wrong++;
		const outcome = outcomeOf({ status, latencyUs }, this.#load.deadlineUs);
		this.#end(call, outcome, latencyUs, because);
	}

	#end(
		call: OpenCall,
		outcome: Parameters<Tally["ended"]>[0],
		latencyUs = 0,
		because = "",
	): void {
		this.#outstanding--;
		if (!this.#isCounted(call)) return;
		this.#ended++;
		this.#tally.ended(outcome, latencyUs, because);
	}

	/** What arrived before the window fills the queues and is not counted. */
	#isCounted({ scheduledUs }: OpenCall): boolean {
		return scheduledUs >= this.#startUs + this.#load.leadUs;
	}
}

function connectionsOf(load: OpenLoad, events: CallEvents): CallSender[] {
	const { requests, decodeHttp } = load;
	return decodeHttp === undefined
		? Array.from(
				{ length: load.connections },
				() => new OpenLoopConnection(load, requests, events),
			)
		: [new HttpPool(load, requests, decodeHttp, events)];
}
