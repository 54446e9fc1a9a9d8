// One HTTP/2 connection, server side: its streams and its life. What arrives is the receiver's business, what
// leaves the sender's, and what a request means the acceptor's.
//
//   open ──drain──▶ draining ──last stream done──▶ closed
//     └──error, timeout, socket gone──────────────────┘
import { LIST_TOO_LARGE } from "../hpack/decoder.ts";
import {
	type ConnectionError,
	calmDown,
	toConnectionError,
} from "./connection-error.ts";
import { ERROR, type ErrorNumber, MAX_STREAM_ID } from "./constants.ts";
import { FrameReader } from "./frame-reader.ts";
import type { ConnectionLimits } from "./limits.ts";
import { Receiver } from "./receiver.ts";
import type { ReceiverHost } from "./receiver-host.ts";
import type { ParsedHead, RequestHead } from "./request-head.ts";
import { Sender, type SenderHost } from "./sender.ts";
import type { SocketControl } from "./socket-control.ts";
import {
	type DataSource,
	H2Stream,
	type LossReason,
	type StreamConsumer,
	type StreamOwner,
} from "./stream.ts";
import { StreamTable } from "./stream-table.ts";

export interface ConnectionHost {
	/** A request's head is complete: returns who consumes the stream, or null when it was answered already. */
	accept(stream: H2Stream, head: RequestHead): StreamConsumer | null;
	/** The header list exceeded the limit: answer on the stream. */
	headTooLarge(stream: H2Stream): void;
	/** Output waits: call `flush` at the end of this tick. */
	needsFlush(connection: Connection): void;
	nowUs(): number;
	closed(connection: Connection): void;
}

type Phase = "open" | "draining" | "closed";

export class Connection implements StreamOwner, SenderHost, ReceiverHost {
	readonly #host: ConnectionHost;
	readonly #control: SocketControl;
	readonly #limits: ConnectionLimits;
	readonly #streams = new StreamTable();
	readonly #sender: Sender;
	readonly #receiver: Receiver;
	readonly #reader: FrameReader;
	/** Streams we ended while the peer has not: RST at the next flush, if it still has not. */
	#halfOpen: H2Stream[] = [];
	#phase: Phase = "open";
	#reading = false;
	#flushPending = false;
	#congestedSinceUs = Number.NaN;
	readonly startedUs: number;
	lastActivityUs: number;
	#pingAckWaiter: (() => void) | null = null;

	constructor(
		control: SocketControl,
		host: ConnectionHost,
		limits: ConnectionLimits,
	) {
		this.#control = control;
		this.#host = host;
		this.#limits = limits;
		this.#sender = new Sender(control, this.#streams, limits, this);
		this.#receiver = new Receiver(this.#sender, this.#streams, limits, this);
		this.#reader = new FrameReader(this.#receiver, limits.maxFrameBytes);
		this.startedUs = host.nowUs();
		this.lastActivityUs = this.startedUs;
		this.#sender.ourSettings();
	}

	get streamCount(): number {
		return this.#streams.open.size;
	}

	get isClosed(): boolean {
		return this.#phase === "closed";
	}

	nowUs(): number {
		return this.#host.nowUs();
	}

	// ── bytes in ─────────────────────────────────────────────────────────────────────────────────────────

	/** Takes bytes from the socket; they are valid only during the call. Never throws. */
	read(bytes: Uint8Array, start: number, end: number): void {
		if (this.#phase === "closed") return;
		this.lastActivityUs = this.#host.nowUs();
		this.#reading = true;
		try {
			this.#reader.read(bytes, start, end);
		} catch (error) {
			this.#fail(toConnectionError(error));
		}
		this.#reading = false;
		this.#receiver.returnCredit();
		this.flush();
	}

	openStream(
		streamId: number,
		parsed: ParsedHead | typeof LIST_TOO_LARGE,
		endStream: boolean,
	): void {
		const contentLength =
			parsed !== LIST_TOO_LARGE && parsed.ok ? parsed.head.contentLength : -1;
		const stream = new H2Stream(
			this,
			streamId,
			this.#sender.initialWindowBytes,
			this.#limits.streamWindowBytes,
			contentLength,
		);
		this.#streams.open.set(streamId, stream);
		if (parsed === LIST_TOO_LARGE) {
			this.#host.headTooLarge(stream);
			return;
		}
		if (!parsed.ok || (endStream && contentLength > 0)) {
			this.resetStream(stream, ERROR.PROTOCOL_ERROR);
			return;
		}
		stream.remoteClosed = endStream;
		stream.consumer = this.#host.accept(stream, parsed.head);
		if (endStream) {
			stream.consumer?.end();
			this.#dropIfDone(stream);
		}
	}

	remoteEnd(stream: H2Stream): void {
		stream.remoteClosed = true;
		if (
			stream.contentLength !== -1 &&
			stream.contentLength !== stream.bodyBytes
		) {
			this.resetStream(stream, ERROR.PROTOCOL_ERROR);
			return;
		}
		stream.consumer?.end();
		this.#dropIfDone(stream);
	}

	peerReset(stream: H2Stream): void {
		this.#lose(stream, "peer-reset");
	}

	/** Returns credit for what the stream's consumer has taken, in steps of half a window. */
	returnStreamCredit(stream: H2Stream): void {
		const bytes = stream.unreturnedBytes;
		if (bytes < this.#limits.streamWindowBytes / 2 || stream.remoteClosed)
			return;
		stream.unreturnedBytes = 0;
		stream.receiveWindow += bytes;
		this.#sender.windowUpdate(stream.id, bytes);
	}

	// ── bytes out ────────────────────────────────────────────────────────────────────────────────────────

	sendHeaders(stream: H2Stream, block: Uint8Array, endStream: boolean): void {
		this.#sender.headers(stream, block, endStream);
	}

	sendData(stream: H2Stream, source: DataSource): boolean {
		return this.#sender.data(stream, source);
	}

	sendTrailers(stream: H2Stream, block: Uint8Array): void {
		this.#sender.trailers(stream, block);
	}

	resetStream(stream: H2Stream, code: ErrorNumber): void {
		if (!this.#streams.open.has(stream.id)) return;
		this.#sender.reset(stream.id, code);
		this.#lose(stream, "shutdown");
	}

	ended(stream: H2Stream): void {
		if (stream.remoteClosed) this.#dropIfDone(stream);
		else this.#halfOpen.push(stream);
	}

	overflow(): void {
		this.#fail(calmDown("the client does not read its answers"));
	}

	wrote(): void {
		// What is written while reading leaves when the read is done.
		if (this.#reading || this.#flushPending) return;
		this.#flushPending = true;
		this.#host.needsFlush(this);
	}

	/** Hands all output to the socket; called once per tick. */
	flush(): void {
		this.#flushPending = false;
		if (this.#halfOpen.length > 0) this.#resetHalfOpen();
		if (!this.#sender.flush()) return;
		if (this.#sender.isBackedUp && Number.isNaN(this.#congestedSinceUs)) {
			this.#congestedSinceUs = this.#host.nowUs();
			this.#control.pauseReading();
		}
	}

	/** The kernel took what was backed up. */
	drained(): void {
		if (Number.isNaN(this.#congestedSinceUs)) return;
		this.#congestedSinceUs = Number.NaN;
		this.#control.resumeReading();
		for (const stream of [...this.#streams.open.values()])
			if (!stream.isBlocked) stream.consumer?.writable();
	}

	/** A stream that the peer leaves open after our answer is told to stop (RFC 9113, 8.1). */
	#resetHalfOpen(): void {
		const streams = this.#halfOpen;
		this.#halfOpen = [];
		for (const stream of streams) {
			if (stream.remoteClosed || !this.#streams.open.has(stream.id)) continue;
			this.#sender.reset(stream.id, ERROR.NO_ERROR);
			this.#forget(stream);
		}
	}

	// ── life ─────────────────────────────────────────────────────────────────────────────────────────────

	/** Called now and then: ends what stalls. */
	checkTimeouts(nowUs: number): void {
		const idleUs = nowUs - this.lastActivityUs;
		const limits = this.#limits;
		if (this.#reader.awaitsPreface) {
			if (nowUs - this.startedUs > limits.prefaceTimeoutUs) this.destroy();
		} else if (nowUs - this.#congestedSinceUs > limits.writeTimeoutUs) {
			this.destroy();
		} else if (idleUs > limits.stallTimeoutUs && this.#isReceiving()) {
			this.#fail(calmDown("a request made no progress"));
		}
	}

	/** True while a client owes us the rest of a block or of a body. */
	#isReceiving(): boolean {
		if (this.#receiver.isInBlock) return true;
		for (const stream of this.#streams.open.values())
			if (!stream.remoteClosed && stream.contentLength > stream.bodyBytes)
				return true;
		return false;
	}

	/** Sends a PING; `acknowledged` runs when the peer answers it. */
	ping(acknowledged: () => void): void {
		this.#pingAckWaiter = acknowledged;
		this.#sender.ping();
	}

	pingAcknowledged(): void {
		const waiter = this.#pingAckWaiter;
		this.#pingAckWaiter = null;
		waiter?.();
	}

	/**
	 * Graceful end (RFC 9113, 6.8): announce, wait one round trip so that requests under way are still taken,
	 * then name the last stream and close when all are done.
	 */
	drain(): void {
		if (this.#phase !== "open") return;
		this.#phase = "draining";
		this.#sender.goaway(MAX_STREAM_ID, ERROR.NO_ERROR, "");
		this.ping(() => {
			const { maxId } = this.#streams;
			this.#streams.lastAcceptedId = maxId;
			this.#sender.goaway(maxId, ERROR.NO_ERROR, "");
			this.#closeIfDrained();
		});
	}

	/** Ends at once: streams are lost, the socket is destroyed. */
	destroy(): void {
		this.#close("shutdown");
		this.#control.socket.destroy();
	}

	/** The socket is gone. */
	socketClosed(): void {
		this.#close("connection");
		this.#host.closed(this);
	}

	#fail(error: ConnectionError): void {
		if (this.#phase === "closed") return;
		this.#sender.goaway(this.#streams.maxId, error.code, error.message);
		this.#sender.flush();
		this.#close("connection");
		// Ends after the GOAWAY is out; a peer that does not close its side is cut off by destroySoon.
		this.#control.socket.end();
		this.#control.socket.destroySoon();
	}

	#close(reason: LossReason): void {
		if (this.#phase === "closed") return;
		this.#phase = "closed";
		for (const stream of [...this.#streams.open.values()])
			this.#lose(stream, reason);
	}

	#lose(stream: H2Stream, reason: LossReason): void {
		stream.localClosed = true;
		this.#forget(stream);
		stream.consumer?.lost(reason);
	}

	#dropIfDone(stream: H2Stream): void {
		if (stream.remoteClosed && stream.localClosed) this.#forget(stream);
	}

	#forget(stream: H2Stream): void {
		if (!this.#streams.open.delete(stream.id)) return;
		this.#sender.forget(stream);
		this.#receiver.forget(stream);
		this.#closeIfDrained();
	}

	#closeIfDrained(): void {
		const drained =
			this.#phase === "draining" &&
			this.#streams.lastAcceptedId !== MAX_STREAM_ID &&
			this.#streams.open.size === 0;
		if (!drained) return;
		this.flush();
		this.#phase = "closed";
		this.#control.socket.end();
	}
}
