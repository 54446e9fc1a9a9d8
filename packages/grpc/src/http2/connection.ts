// One HTTP/2 connection, server side: its streams and its life. What arrives is the receiver's business, what
// leaves the sender's, and what a request means the acceptor's.
//
//   open ──drain──▶ draining ──last stream done──▶ closed
//     └──error, timeout, socket gone──────────────────┘
import type { ByteBudget } from "../byte-budget.ts";
import {
	type ConnectionError,
	calmDown,
	toConnectionError,
} from "./connection-error.ts";
import { ERROR, type ErrorNumber, MAX_STREAM_ID } from "./constants.ts";
import { copyBytes } from "./copy-bytes.ts";
import { FrameReader } from "./frame-reader.ts";
import type { ConnectionLimits } from "./limits.ts";
import { ReceiveWindows } from "./receive-windows.ts";
import { Receiver } from "./receiver.ts";
import type { ReceiverHost } from "./receiver-host.ts";
import type { RequestHead } from "./request-head.ts";
import { Sender, type SenderHost } from "./sender.ts";
import { createShared } from "./shared.ts";
import type { SocketControl } from "./socket-control.ts";
import {
	type DataSource,
	H2Stream,
	type LossReason,
	type StreamConsumer,
	type StreamOwner,
} from "./stream.ts";
import type { StreamTable } from "./stream-table.ts";
import { type Phase, Timeouts } from "./timeouts.ts";

export interface ConnectionHost {
	/** What all connections of the server may keep together. */
	readonly budget: ByteBudget;
	/** New streams begin narrow, and are widened when they are wanted. Looked at whenever a client sends. */
	isUnderPressure(): boolean;
	/** A request's head is complete: returns who consumes the stream, or null when it was answered already. */
	accept(stream: H2Stream, head: RequestHead): StreamConsumer | null;
	/** The header list exceeded the limit: answer on the stream. */
	headTooLarge(stream: H2Stream): void;
	/** Output waits: call `flush` at the end of this tick. */
	needsFlush(connection: Connection): void;
	nowUs(): number;
	closed(connection: Connection): void;
}

export class Connection implements StreamOwner, SenderHost, ReceiverHost {
	readonly #host: ConnectionHost;
	readonly #control: SocketControl;
	readonly #streams: StreamTable;
	readonly #sender: Sender;
	readonly #windows: ReceiveWindows;
	readonly #receiver: Receiver;
	readonly #reader: FrameReader;
	/** Streams we ended while the peer has not: RST at the next flush, if it still has not. */
	#halfOpen: H2Stream[] = [];
	#phase: Phase = "open";
	#reading = false;
	#flushPending = false;
	/** The kernel is behind: nothing is read until it has taken what we wrote. */
	#isCongested = false;
	/** What was read when the connection became congested, and must wait. */
	#heldInput: Uint8Array | null = null;
	readonly startedUs: number;
	lastActivityUs: number;
	readonly #timeouts: Timeouts;

	constructor(
		control: SocketControl,
		host: ConnectionHost,
		limits: ConnectionLimits,
	) {
		this.#control = control;
		this.#host = host;
		const shared = createShared(limits, () => host.nowUs(), host.budget);
		this.#streams = shared.streams;
		this.#sender = new Sender(control.socket, shared, this);
		this.#windows = new ReceiveWindows(
			this.#sender,
			this.#streams,
			limits,
			host.isUnderPressure(),
		);
		this.#receiver = new Receiver(this.#sender, this.#windows, shared, this);
		this.#reader = new FrameReader(this.#receiver, limits);
		this.#timeouts = new Timeouts(control.socket, shared);
		this.startedUs = host.nowUs();
		this.lastActivityUs = this.startedUs;
		this.#windows.announce();
	}

	get isClosed(): boolean {
		return this.#phase === "closed";
	}

	// ── bytes in ─────────────────────────────────────────────────────────────────────────────────────────

	/** Takes bytes from the socket; they are valid only during the call. Never throws. */
	read(bytes: Uint8Array, start: number, end: number): void {
		if (this.#phase === "closed") return;
		this.lastActivityUs = this.#host.nowUs();
		this.#windows.setNarrow(this.#host.isUnderPressure());
		const held = this.#heldInput;
		if (held === null) {
			this.#read(bytes, start, end);
			return;
		}
		const piece = bytes.subarray(start, end);
		this.#heldInput = Buffer.concat([held, piece]);
	}

	#read(bytes: Uint8Array, start: number, end: number): void {
		let at = start;
		do {
			this.#reading = true;
			try {
				at = this.#reader.read(bytes, at, end);
			} catch (error) {
				this.#fail(toConnectionError(error));
			}
			this.#reading = false;
			if (this.isClosed) return;
			this.#windows.returnCredit();
			this.flush();
		} while (at < end && !this.#isCongested && !this.isClosed);
		if (at < end && !this.isClosed) this.#heldInput = copyBytes(bytes, at, end);
	}

	openStream(
		streamId: number,
		head: RequestHead | null,
		endStream: boolean,
	): void {
		const stream = new H2Stream(
			this,
			streamId,
			this.#sender.initialWindowBytes,
			head?.contentLength ?? -1,
		);
		this.#windows.opened(stream);
		this.#streams.open.add(stream);
		if (head === null) {
			this.#host.headTooLarge(stream);
			return;
		}
		stream.remoteClosed = endStream;
		stream.consumer = this.#host.accept(stream, head);
		if (endStream) this.remoteEnd(stream);
	}

	remoteEnd(stream: H2Stream): void {
		stream.consumer?.end();
		this.#dropIfDone(stream);
	}

	peerReset(stream: H2Stream): void {
		this.#lose(stream, "peer-reset");
	}

	returnStreamCredit(stream: H2Stream): void {
		this.#windows.returnStreamCredit(stream);
	}

	want(stream: H2Stream): void {
		this.#windows.want(stream);
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
		this.#lose(stream, "peer-fault");
	}

	ended(stream: H2Stream): void {
		if (stream.remoteClosed) this.#dropIfDone(stream);
		else this.#halfOpen.push(stream);
	}

	backedUp(): void {
		this.#reader.hold();
	}

	overflow(): void {
		this.#fail(calmDown("the client does not read its answers"));
	}

	wrote(): void {
		// What is written while reading leaves when the read is done.
		if (this.#reading || this.#flushPending || this.isClosed) return;
		this.#flushPending = true;
		this.#host.needsFlush(this);
	}

	/** Hands all output to the socket; called once per tick. */
	flush(): void {
		this.#flushPending = false;
		if (this.isClosed) return;
		if (this.#halfOpen.length > 0) this.#resetHalfOpen();
		if (!this.#sender.flush()) return;
		if (this.#sender.isBackedUp && !this.#isCongested) {
			this.#isCongested = true;
			this.#control.pauseReading();
		}
	}

	/** The kernel took what was backed up. */
	drained(): void {
		this.#sender.countBacklog();
		if (!this.#isCongested || this.isClosed) return;
		this.#isCongested = false;
		const held = this.#heldInput;
		this.#heldInput = null;
		if (held !== null) this.#read(held, 0, held.length);
		if (this.#isCongested || this.isClosed) return;
		this.#control.resumeReading();
		for (const stream of this.#streams.open.inOrder())
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

	/** Called once a second: ends what stalls. */
	checkTimeouts(nowUs: number): void {
		const timeout = this.#timeouts.check(nowUs, {
			phase: this.#phase,
			awaitsPreface: this.#reader.awaitsPreface,
			isOwed: !this.#isCongested && this.#isOwed,
			progressCount: this.#receiver.progressCount,
		});
		for (const stream of this.#streams.open.inOrder())
			if (this.#timeouts.isStalled(nowUs, stream, this.#isCongested))
				this.resetStream(stream, ERROR.ENHANCE_YOUR_CALM);
		switch (timeout) {
			case "drain":
				this.#acceptNoMore();
				break;
			case "request":
				this.#fail(calmDown("a frame or a header block made no progress"));
				break;
			case "preface":
			case "write":
			case "close":
				this.destroy();
				break;
			case null:
		}
	}

	/** The client owes us the rest of a frame or of a header block: no stream can go on before it came. */
	get #isOwed(): boolean {
		return this.#reader.isInFrame || this.#receiver.isInBlock;
	}

	/** Sends a PING; `acknowledged` runs when the peer answers it. */
	ping(acknowledged: () => void): void {
		this.#sender.ping(acknowledged);
	}

	/**
	 * Graceful end (RFC 9113, 6.8): announce, wait one round trip so that requests under way are still taken,
	 * then name the last stream and close when all are done.
	 */
	drain(): void {
		if (this.#phase !== "open") return;
		this.#phase = "draining";
		this.#sender.goaway(MAX_STREAM_ID, ERROR.NO_ERROR, "");
		this.ping(() => this.#acceptNoMore());
	}

	#acceptNoMore(): void {
		if (this.#streams.lastAcceptedId !== MAX_STREAM_ID) return;
		const { maxId } = this.#streams;
		this.#streams.lastAcceptedId = maxId;
		this.#sender.goaway(maxId, ERROR.NO_ERROR, "");
		this.#closeIfDrained();
	}

	/** Ends at once: streams are lost, the socket is destroyed. */
	destroy(): void {
		this.#close("shutdown");
		this.#control.socket.destroy();
	}

	/** The socket is gone. */
	socketClosed(): void {
		this.#close("connection");
		this.#sender.dropBacklog();
		this.#host.closed(this);
	}

	/**
	 * Says why and ends our side. What still arrives is read and dropped until the peer ends too, or until the time
	 * for that is over: a socket closed with unread input would take the GOAWAY back.
	 */
	#fail(error: ConnectionError): void {
		if (this.isClosed) return;
		this.#sender.goaway(this.#streams.maxId, error.code, error.message);
		this.#close("connection");
		this.#sender.flush();
		this.#control.socket.end();
		if (this.#isCongested) this.#control.resumeReading();
	}

	#close(reason: LossReason): void {
		if (this.isClosed) return;
		this.#phase = "closed";
		this.#reader.hold();
		this.#heldInput = null;
		for (const stream of this.#streams.open.inOrder())
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
		this.#close("shutdown");
		this.#control.socket.end();
	}
}
