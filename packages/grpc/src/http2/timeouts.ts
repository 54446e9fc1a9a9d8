// What a connection does not wait for longer than its limits say. Looked at once a second, not by a timer for each.
import type { Socket } from "node:net";
import { MAX_STREAM_ID } from "./constants.ts";
import type { Shared } from "./shared.ts";
import { Standstill } from "./standstill.ts";
import type { H2Stream } from "./stream.ts";

export type Phase = "open" | "draining" | "closed";

/** What has lasted too long: `drain` waits for the peer's PING, `close` for its end after ours. */
export type Timeout = "preface" | "request" | "write" | "drain" | "close";

export interface Waiting {
	readonly phase: Phase;
	readonly awaitsPreface: boolean;
	/** The peer began a frame or a header block and owes the rest of it. */
	readonly isOwed: boolean;
	/** Grows with every piece of it. */
	readonly progressCount: number;
}

export class Timeouts {
	readonly #socket: Socket;
	readonly #shared: Shared;
	readonly #preface = new Standstill();
	readonly #request = new Standstill();
	readonly #write = new Standstill();
	readonly #drain = new Standstill();
	readonly #close = new Standstill();

	constructor(socket: Socket, shared: Shared) {
		this.#socket = socket;
		this.#shared = shared;
	}

	/** The first that has lasted too long. */
	check(nowUs: number, waiting: Waiting): Timeout | null {
		const { limits, streams } = this.#shared;
		const { phase, awaitsPreface, isOwed, progressCount } = waiting;
		const isClosed = phase === "closed";
		if (this.#close.lastsUs(nowUs, 0, isClosed) > limits.closeTimeoutUs)
			return "close";
		if (isClosed) return null;
		if (
			this.#preface.lastsUs(nowUs, 0, awaitsPreface) > limits.prefaceTimeoutUs
		)
			return "preface";
		if (this.#writeUs(nowUs) > limits.writeTimeoutUs) return "write";
		const requestUs = this.#request.lastsUs(nowUs, progressCount, isOwed);
		if (requestUs > limits.stallTimeoutUs) return "request";
		const isAsked =
			phase === "draining" && streams.lastAcceptedId === MAX_STREAM_ID;
		const drainUs = this.#drain.lastsUs(nowUs, 0, isAsked);
		return drainUs > limits.closeTimeoutUs ? "drain" : null;
	}

	/** The peer has owed the rest of a body, or of a message, for too long. */
	isStalled(nowUs: number, stream: H2Stream, isHeldUp: boolean): boolean {
		const { owesInput, bodyBytes } = stream;
		if (!owesInput && stream.stall === null) return false;
		stream.stall ??= new Standstill();
		const stalledUs = stream.stall.lastsUs(
			nowUs,
			bodyBytes,
			owesInput && !isHeldUp,
		);
		return stalledUs > this.#shared.limits.stallTimeoutUs;
	}

	/** Time for which the kernel has taken nothing of what waits for it. */
	#writeUs(nowUs: number): number {
		const { bytesWritten, writableLength } = this.#socket;
		const taken = bytesWritten - writableLength;
		return this.#write.lastsUs(nowUs, taken, writableLength > 0);
	}
}
