// What a connection reads: every frame is checked against RFC 9113 before anybody hears of it. Violations of the
// connection are thrown, those of a stream reset it.
import { LIST_TOO_LARGE } from "../hpack/decoder.ts";
import {
	ConnectionError,
	ERROR,
	type ErrorNumber,
	FLAG,
	FRAME,
	MAX_STREAM_ID,
	MAX_WINDOW_BYTES,
} from "./constants.ts";
import type { FrameHandler } from "./frame-reader.ts";
import { HeadParser } from "./head-parser.ts";
import { HeaderAssembly } from "./header-assembly.ts";
import type { ConnectionLimits } from "./limits.ts";
import { RateGuard } from "./rate-guard.ts";
import { fieldsProblem, type ParsedHead } from "./request-head.ts";
import type { Sender } from "./sender.ts";
import { readUint32 } from "./settings.ts";
import type { H2Stream } from "./stream.ts";
import type { StreamTable } from "./stream-table.ts";

export interface ReceiverHost {
	nowUs(): number;
	/** A new stream's head is complete, well formed or not. */
	openStream(
		streamId: number,
		parsed: ParsedHead | typeof LIST_TOO_LARGE,
		endStream: boolean,
	): void;
	/** The peer sent the last of its side. */
	remoteEnd(stream: H2Stream): void;
	peerReset(stream: H2Stream): void;
	resetStream(stream: H2Stream, code: ErrorNumber): void;
	returnStreamCredit(stream: H2Stream): void;
	pingAcknowledged(): void;
}

const SELF_DEPENDENT: ParsedHead = {
	ok: false,
	reason: "the stream depends on itself",
};

export class Receiver implements FrameHandler {
	readonly #host: ReceiverHost;
	readonly #sender: Sender;
	readonly #streams: StreamTable;
	readonly #limits: ConnectionLimits;
	readonly #heads: HeadParser;
	readonly #headers: HeaderAssembly;
	readonly #resetGuard: RateGuard;
	readonly #controlGuard: RateGuard;
	#current: H2Stream | null = null;
	#window: number;
	#unreturnedBytes = 0;

	constructor(
		sender: Sender,
		streams: StreamTable,
		limits: ConnectionLimits,
		host: ReceiverHost,
	) {
		this.#host = host;
		this.#sender = sender;
		this.#streams = streams;
		this.#limits = limits;
		this.#heads = new HeadParser(limits.maxHeaderListBytes);
		this.#headers = new HeaderAssembly(limits);
		this.#resetGuard = new RateGuard(limits.resetBurst, limits.resetsPerSecond);
		this.#controlGuard = new RateGuard(
			limits.controlFrameBurst,
			limits.controlFramesPerSecond,
		);
		this.#window = limits.connectionWindowBytes;
	}

	/** The peer owes the rest of a header block. */
	get isInBlock(): boolean {
		return this.#headers.isOpen;
	}

	/** The stream is gone: what still comes of its current frame has no reader. */
	forget(stream: H2Stream): void {
		if (this.#current === stream) this.#current = null;
	}

	/** Returns connection credit for what was read, in steps of a quarter window. */
	returnCredit(): void {
		const bytes = this.#unreturnedBytes;
		if (bytes < this.#limits.connectionWindowBytes / 4) return;
		this.#unreturnedBytes = 0;
		this.#window += bytes;
		this.#sender.windowUpdate(0, bytes);
	}

	// ── data ─────────────────────────────────────────────────────────────────────────────────────────────

	dataBegin(streamId: number, payloadBytes: number): boolean {
		this.#assertNoOpenBlock();
		if (streamId === 0) throw protocolError("DATA on stream 0");
		this.#window -= payloadBytes;
		if (this.#window < 0)
			throw new ConnectionError(
				ERROR.FLOW_CONTROL_ERROR,
				"the connection's window is exceeded",
			);
		this.#unreturnedBytes += payloadBytes;
		if (payloadBytes === 0) this.#countControlFrame();
		const stream = this.#streams.open.get(streamId);
		if (stream === undefined) {
			this.#onClosedStream(streamId);
			return false;
		}
		if (stream.remoteClosed) {
			this.#host.resetStream(stream, ERROR.STREAM_CLOSED);
			return false;
		}
		stream.receiveWindow -= payloadBytes;
		if (stream.receiveWindow < 0) {
			this.#host.resetStream(stream, ERROR.FLOW_CONTROL_ERROR);
			return false;
		}
		stream.unreturnedBytes += payloadBytes;
		this.#current = stream;
		return true;
	}

	dataPart(bytes: Uint8Array, start: number, end: number): void {
		const stream = this.#current;
		if (stream === null) return;
		stream.bodyBytes += end - start;
		stream.consumer?.data(bytes, start, end);
	}

	dataEnd(_streamId: number, endStream: boolean): void {
		const stream = this.#current;
		this.#current = null;
		if (stream === null) return;
		if (endStream) this.#host.remoteEnd(stream);
		else if (!stream.creditPaused) this.#host.returnStreamCredit(stream);
	}

	/** DATA for a stream that is not open. */
	#onClosedStream(streamId: number): void {
		this.#assertNotIdle("DATA", streamId);
		// On a stream that we reset, the peer's bytes were under way: only their credit matters.
		if (this.#streams.wasReset(streamId)) return;
		this.#countControlFrame();
		this.#sender.reset(streamId, ERROR.STREAM_CLOSED);
	}

	// ── other frames ─────────────────────────────────────────────────────────────────────────────────────

	frame(
		type: number,
		flags: number,
		streamId: number,
		bytes: Uint8Array,
		start: number,
		end: number,
	): void {
		if (type !== FRAME.CONTINUATION) this.#assertNoOpenBlock();
		switch (type) {
			case FRAME.HEADERS:
				this.#onHeaders(flags, streamId, bytes, start, end);
				break;
			case FRAME.CONTINUATION:
				this.#onContinuation(flags, streamId, bytes, start, end);
				break;
			case FRAME.WINDOW_UPDATE:
				this.#onWindowUpdate(streamId, bytes, start, end);
				break;
			case FRAME.RST_STREAM:
				this.#onReset(streamId, end - start);
				break;
			case FRAME.SETTINGS:
				this.#onSettings(flags, streamId, bytes, start, end);
				break;
			case FRAME.PING:
				this.#onPing(flags, streamId, bytes, start, end);
				break;
			case FRAME.PRIORITY:
				this.#onPriority(streamId, bytes, start, end);
				break;
			case FRAME.GOAWAY:
				assertStreamZero("GOAWAY", streamId);
				break;
			case FRAME.PUSH_PROMISE:
				throw protocolError("PUSH_PROMISE from a client");
			default:
				// Unknown types are ignored (RFC 9113, 5.5), but not for nothing.
				this.#countControlFrame();
		}
	}

	#onHeaders(
		flags: number,
		streamId: number,
		bytes: Uint8Array,
		start: number,
		end: number,
	): void {
		if (streamId === 0 || streamId % 2 === 0)
			throw protocolError(`HEADERS on stream ${streamId}`);
		const block = this.#headers.open(flags, streamId, bytes, start, end);
		if (block !== null)
			this.#onBlock(
				block.endStream,
				block.selfDependent,
				streamId,
				bytes,
				block.start,
				block.end,
			);
	}

	#onContinuation(
		flags: number,
		streamId: number,
		bytes: Uint8Array,
		start: number,
		end: number,
	): void {
		const whole = this.#headers.add(flags, streamId, bytes, start, end);
		if (whole !== null)
			this.#onBlock(
				whole.endStream,
				whole.selfDependent,
				streamId,
				whole.bytes,
				0,
				whole.bytes.length,
			);
	}

	/** A complete header block: the head of a new stream, or trailers of an open one. */
	#onBlock(
		endStream: boolean,
		selfDependent: boolean,
		streamId: number,
		bytes: Uint8Array,
		start: number,
		end: number,
	): void {
		const streams = this.#streams;
		if (streamId <= streams.maxId) {
			const list = this.#heads.decode(bytes, start, end);
			this.#onTrailers(streamId, endStream, list);
			return;
		}
		const parsed = this.#heads.parse(bytes, start, end);
		streams.maxId = streamId;
		const isRefused =
			streamId > streams.lastAcceptedId ||
			streams.open.size >= this.#limits.maxConcurrentStreams;
		if (isRefused) this.#sender.reset(streamId, ERROR.REFUSED_STREAM);
		else
			this.#host.openStream(
				streamId,
				selfDependent ? SELF_DEPENDENT : parsed,
				endStream,
			);
	}

	#onTrailers(
		streamId: number,
		endStream: boolean,
		list: string[] | typeof LIST_TOO_LARGE,
	): void {
		const stream = this.#streams.open.get(streamId);
		if (stream === undefined) {
			if (this.#streams.wasReset(streamId)) return;
			throw new ConnectionError(
				ERROR.STREAM_CLOSED,
				`HEADERS on closed stream ${streamId}`,
			);
		}
		if (stream.remoteClosed)
			this.#host.resetStream(stream, ERROR.STREAM_CLOSED);
		else if (
			!endStream ||
			list === LIST_TOO_LARGE ||
			fieldsProblem(list) !== null
		)
			this.#host.resetStream(stream, ERROR.PROTOCOL_ERROR);
		else this.#host.remoteEnd(stream);
	}

	#onReset(streamId: number, byteLength: number): void {
		if (byteLength !== 4) throw frameSizeError("RST_STREAM", byteLength);
		this.#assertNotIdle("RST_STREAM", streamId);
		if (!this.#resetGuard.take(this.#host.nowUs()))
			throw new ConnectionError(ERROR.ENHANCE_YOUR_CALM, "too many RST_STREAM");
		const stream = this.#streams.open.get(streamId);
		if (stream !== undefined) this.#host.peerReset(stream);
	}

	#onPriority(
		streamId: number,
		bytes: Uint8Array,
		start: number,
		end: number,
	): void {
		if (streamId === 0) throw protocolError("PRIORITY on stream 0");
		this.#countControlFrame();
		const wrongSize = end - start !== 5;
		const selfDependent =
			!wrongSize && (readUint32(bytes, start) & MAX_STREAM_ID) === streamId;
		if (!wrongSize && !selfDependent) return;
		const code = wrongSize ? ERROR.FRAME_SIZE_ERROR : ERROR.PROTOCOL_ERROR;
		const stream = this.#streams.open.get(streamId);
		if (stream !== undefined) this.#host.resetStream(stream, code);
		else this.#sender.reset(streamId, code);
	}

	#onSettings(
		flags: number,
		streamId: number,
		bytes: Uint8Array,
		start: number,
		end: number,
	): void {
		assertStreamZero("SETTINGS", streamId);
		if (flags & FLAG.ACK) {
			if (end > start)
				throw frameSizeError("SETTINGS acknowledgement", end - start);
			return;
		}
		this.#countControlFrame();
		this.#sender.peerSettings(bytes, start, end);
	}

	#onPing(
		flags: number,
		streamId: number,
		bytes: Uint8Array,
		start: number,
		end: number,
	): void {
		assertStreamZero("PING", streamId);
		if (end - start !== 8) throw frameSizeError("PING", end - start);
		if (flags & FLAG.ACK) {
			this.#host.pingAcknowledged();
			return;
		}
		this.#countControlFrame();
		this.#sender.pingAck(bytes.subarray(start, end));
	}

	#onWindowUpdate(
		streamId: number,
		bytes: Uint8Array,
		start: number,
		end: number,
	): void {
		if (end - start !== 4) throw frameSizeError("WINDOW_UPDATE", end - start);
		const increment = readUint32(bytes, start) & MAX_WINDOW_BYTES;
		if (streamId === 0) {
			if (increment === 0) throw protocolError("WINDOW_UPDATE by 0");
			this.#sender.addConnectionWindow(increment);
			return;
		}
		this.#assertNotIdle("WINDOW_UPDATE", streamId);
		const stream = this.#streams.open.get(streamId);
		if (stream === undefined) return;
		if (increment === 0) this.#host.resetStream(stream, ERROR.PROTOCOL_ERROR);
		else if (!this.#sender.addStreamWindow(stream, increment))
			this.#host.resetStream(stream, ERROR.FLOW_CONTROL_ERROR);
	}

	#assertNotIdle(what: string, streamId: number): void {
		if (this.#streams.isIdle(streamId))
			throw protocolError(`${what} on idle stream ${streamId}`);
	}

	#assertNoOpenBlock(): void {
		if (this.#headers.isOpen)
			throw protocolError("a header block was interrupted");
	}

	#countControlFrame(): void {
		if (!this.#controlGuard.take(this.#host.nowUs()))
			throw new ConnectionError(
				ERROR.ENHANCE_YOUR_CALM,
				"too many control frames",
			);
	}
}

function protocolError(message: string): ConnectionError {
	return new ConnectionError(ERROR.PROTOCOL_ERROR, message);
}

function frameSizeError(what: string, byteLength: number): ConnectionError {
	return new ConnectionError(
		ERROR.FRAME_SIZE_ERROR,
		`${what} of ${byteLength} bytes`,
	);
}

function assertStreamZero(what: string, streamId: number): void {
	if (streamId !== 0) throw protocolError(`${what} on stream ${streamId}`);
}
