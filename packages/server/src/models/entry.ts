// One request under way: what the scheduler orders, what the executor gathers, and the ticket of its caller,
// in one object.
import type { Outcome } from "@saccade/protocol";
import type { SaccadeError } from "../errors/saccade-error.ts";
import type { Entry, EntryState } from "../scheduling/scheduler.ts";
import type { RequestTrace } from "../telemetry/tracing/request-trace.ts";
import type { Lease } from "../tensor/tensor.ts";
import type { Padding } from "./execution/shape-fit.ts";

/** Views of one request's outputs, valid during the call. */
export interface SplitOutputs {
	/** By the model's own order of outputs. */
	shape(index: number): readonly number[];
	data(index: number): Uint8Array;
}

/** Who is told how the entry ended. Exactly one call, once. */
export interface EntryReply {
	completed(entry: ModelEntry, outputs: SplitOutputs): void;
	failed(entry: ModelEntry, error: SaccadeError): void;
}

export class ModelEntry implements Entry {
	readonly rows: number;
	readonly deadlineUs: number;
	readonly priority: number;
	readonly timeoutUs: number;
	readonly shapeKey: string;
	/** Full shape of each input by the model's order, as the model takes it; null where an optional one is absent. */
	readonly shapes: readonly (readonly number[] | null)[];
	/** Null: its bytes have these very shapes. */
	readonly padding: Padding | null;
	/** Bytes of each input by the model's order. */
	readonly data: readonly (Uint8Array | null)[];
	readonly receivedUs: number;
	readonly reply: EntryReply;
	/** Keeps `data` alive; released once: after `releaseBytes`, when no run has them on loan. */
	#lease: Lease | null;
	#isReleased = false;
	#loanCount = 0;
	enqueuedUs = 0;
	state: EntryState = "new";
	level = 1;
	orderUs = 0;
	sequence = 0;
	expiresUs = Number.POSITIVE_INFINITY;
	heapIndex = -1;
	/** (model) When it left the queue for a run. */
	startedUs = 0;
	/** (model) How it ended before the run that it is in; null while its caller waits for that run. */
	endedAs: Outcome | null = null;
	/** (model) Runs that were lost with their device. */
	lostRuns = 0;
	/** Null: nobody asked for a trace of it. */
	trace: RequestTrace | null = null;
	/** The client's, for whoever explains; "" when it gave none. */
	get requestId(): string {
		return "";
	}

	constructor(
		rows: number,
		request: {
			readonly deadlineUs: number;
			readonly priority: number;
			readonly timeoutUs: number;
			readonly receivedUs: number;
			readonly lease: Lease | null;
		},
		shapeKey: string,
		shapes: readonly (readonly number[] | null)[],
		data: readonly (Uint8Array | null)[],
		reply: EntryReply,
		padding: Padding | null = null,
	) {
		this.rows = rows;
		this.deadlineUs = request.deadlineUs;
		this.priority = request.priority;
		this.timeoutUs = request.timeoutUs;
		this.receivedUs = request.receivedUs;
		this.#lease = request.lease;
		this.shapeKey = shapeKey;
		this.shapes = shapes;
		this.data = data;
		this.reply = reply;
		this.padding = padding;
	}

	/** The inputs were gathered for good, or will never be. */
	releaseBytes(): void {
		this.#isReleased = true;
		this.#letGo();
	}

	/** A run reads them where they lie, until `returnBytes`, even when nobody waits for it any more. */
	lendBytes(): void {
		this.#loanCount++;
	}

	returnBytes(): void {
		this.#loanCount--;
		this.#letGo();
	}

	#letGo(): void {
		if (!this.#isReleased || this.#loanCount > 0) return;
		const lease = this.#lease;
		this.#lease = null;
		lease?.release();
	}
}
