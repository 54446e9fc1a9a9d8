// One HTTP/2 stream: who consumes what arrives, and what waits for the peer's flow-control window.
//
//   open ──END_STREAM in──▶ half-closed (remote) ──END_STREAM out──▶ closed
//     └──END_STREAM out──▶ half-closed (local) ──END_STREAM in, or our RST──▶ closed
import type { ErrorNumber } from "./constants.ts";
import type { Standstill } from "./standstill.ts";

/** `peer-fault`: it did what it must not, or stopped in the middle, and we reset the stream. */
export type LossReason =
	| "peer-reset"
	| "peer-fault"
	| "connection"
	| "shutdown";

/** What the layer above makes of a stream. After `lost` nothing more is called. */
export interface StreamConsumer {
	/** Bytes of the body, valid during the call. */
	data(bytes: Uint8Array, start: number, end: number): void;
	/** The peer sent END_STREAM. */
	end(): void;
	/** The stream is gone: nothing more comes, nothing can be sent. */
	lost(reason: LossReason): void;
	/** Output that was backed up has drained. */
	writable(): void;
	/** The peer began something, a message perhaps, and owes the rest of it. */
	readonly owesInput: boolean;
}

/** Bytes that are written straight to where they leave from. */
export interface DataSource {
	readonly byteLength: number;
	writeTo(target: Uint8Array, offset: number): void;
}

/** What a stream asks of the connection that owns it. */
export interface StreamOwner {
	sendHeaders(stream: H2Stream, block: Uint8Array, endStream: boolean): void;
	sendData(stream: H2Stream, source: DataSource): boolean;
	sendTrailers(stream: H2Stream, block: Uint8Array): void;
	resetStream(stream: H2Stream, code: ErrorNumber): void;
	returnStreamCredit(stream: H2Stream): void;
	want(stream: H2Stream): void;
}

export class H2Stream {
	readonly id: number;
	readonly connection: StreamOwner;
	consumer: StreamConsumer | null = null;
	/** The peer sent END_STREAM. */
	remoteClosed = false;
	/** We sent END_STREAM or RST_STREAM. */
	localClosed = false;
	/** May become negative when the peer lowers its initial window (RFC 9113, 6.9.2). */
	sendWindow: number;
	receiveWindow = 0;
	/** Received but not yet returned as credit. */
	unreturnedBytes = 0;
	/** Its consumer wants all of its body. */
	isWanted = false;
	/** It was given what narrow streams lack. */
	isWide = false;
	creditPaused = false;
	/** −1: the client did not say. */
	readonly contentLength: number;
	bodyBytes = 0;
	/** For how long the body has not grown; made when somebody first looks. */
	stall: Standstill | null = null;
	/** Data that waits for window, oldest first, then the block that ends the stream. */
	waiting: Uint8Array[] = [];
	waitingTrailers: Uint8Array | null = null;

	constructor(
		connection: StreamOwner,
		id: number,
		sendWindow: number,
		contentLength: number,
	) {
		this.connection = connection;
		this.id = id;
		this.sendWindow = sendWindow;
		this.contentLength = contentLength;
	}

	get isBlocked(): boolean {
		return this.waiting.length > 0 || this.waitingTrailers !== null;
	}

	/** The peer began a body or a part of it, owes the rest, and is not held back by us. */
	get owesInput(): boolean {
		if (this.remoteClosed || this.creditPaused) return false;
		return (
			this.contentLength > this.bodyBytes || this.consumer?.owesInput === true
		);
	}

	/** Sends a header block; `endStream` closes our side. */
	sendHeaders(block: Uint8Array, endStream: boolean): void {
		this.connection.sendHeaders(this, block, endStream);
	}

	/** Sends or queues data. False: output is backed up, wait for `writable`. */
	sendData(source: DataSource): boolean {
		return this.connection.sendData(this, source);
	}

	/** Ends the stream with `block` after all data that waits. */
	sendTrailers(block: Uint8Array): void {
		this.connection.sendTrailers(this, block);
	}

	reset(code: ErrorNumber): void {
		this.connection.resetStream(this, code);
	}

	/** The body is wanted, however large it is: a narrow stream gets the whole window. */
	want(): void {
		this.connection.want(this);
	}

	/** Stops returning credit: the peer's window runs dry. */
	pauseCredit(): void {
		this.creditPaused = true;
	}

	resumeCredit(): void {
		this.creditPaused = false;
		this.connection.returnStreamCredit(this);
	}
}
