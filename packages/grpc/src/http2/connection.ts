// One HTTP/2 connection, server side: streams, flow control both ways, and the checks of RFC 9113 on everything
// that arrives. What a request means is the acceptor's business.

import type { Socket } from "node:net";
import {
	CompressionError,
	HpackDecoder,
	LIST_TOO_LARGE,
} from "../hpack/decoder.ts";
import {
	ConnectionError,
	DEFAULT_WINDOW_BYTES,
	ERROR,
	type ErrorNumber,
	FLAG,
	FRAME,
	MAX_STREAM_ID,
	MAX_WINDOW_BYTES,
	SETTING,
} from "./constants.ts";
import { copyBytes } from "./copy-bytes.ts";
import { type FrameHandler, FrameReader } from "./frame-reader.ts";
import { HeaderAssembly } from "./header-assembly.ts";
import type { ConnectionLimits } from "./limits.ts";
import { Output, writeUint32 } from "./output.ts";
import { RateGuard } from "./rate-guard.ts";
import {
	fieldsProblem,
	type ParsedHead,
	parseRequestHead,
	type RequestHead,
} from "./request-head.ts";
import {
	applySettings,
	defaultPeerSettings,
	encodeSettings,
	readUint32,
} from "./settings.ts";
import {
	type DataSource,
	H2Stream,
	type LossReason,
	type StreamConsumer,
	type StreamOwner,
} from "./stream.ts";

const HEADER_TABLE_BYTES = 4096;
/** Streams that we reset: what the peer had under way on them is ignored, not answered. */
const REMEMBERED_RESETS = 256;
const EMPTY = new Uint8Array(0);

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

/** How the connection holds back, and lets go, its input. */
export interface SocketControl {
	readonly socket: Socket;
	pauseReading(): void;
	resumeReading(): void;
}

type Phase = "open" | "draining" | "closed";

export class Connection implements FrameHandler, StreamOwner {
	readonly #host: ConnectionHost;
	readonly #control: SocketControl;
	readonly #limits: ConnectionLimits;
	readonly #output: Output;
	readonly #reader: FrameReader;
	readonly #hpack: HpackDecoder;
	readonly #headers: HeaderAssembly;
	readonly #peer = defaultPeerSettings();
	readonly #streams = new Map<number, H2Stream>();
	readonly #resetIds = new Set<number>();
	readonly #resetGuard: RateGuard;
	readonly #controlGuard: RateGuard;
	/** Streams we ended while the peer has not: RST at the next flush, if it still has not. */
	#halfOpen: H2Stream[] = [];
	#phase: Phase = "open";
	#current: H2Stream | null = null;
	#maxStreamId = 0;
	/** Streams above it are refused once a GOAWAY named it. */
	#lastAcceptedId = MAX_STREAM_ID;
	#sendWindow = DEFAULT_WINDOW_BYTES;
	#receiveWindow: number;
	#unreturnedBytes = 0;
	#queuedBytes = 0;
	#blockedCount = 0;
	#reading = false;
	#flushPending = false;
	#congestedSinceUs = Number.NaN;
	#cachedHead: {
		block: Uint8Array;
		version: number;
		parsed: ParsedHead;
	} | null = null;
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
		this.#output = new Output(control.socket);
		this.#reader = new FrameReader(this, limits.maxFrameBytes);
		this.#hpack = new HpackDecoder(
			HEADER_TABLE_BYTES,
			limits.maxHeaderListBytes,
		);
		this.#headers = new HeaderAssembly(limits);
		this.#resetGuard = new RateGuard(limits.resetBurst, limits.resetsPerSecond);
		this.#controlGuard = new RateGuard(
			limits.controlFrameBurst,
			limits.controlFramesPerSecond,
		);
		this.#receiveWindow = limits.connectionWindowBytes;
		this.startedUs = host.nowUs();
		this.lastActivityUs = this.startedUs;
		this.#sendOurSettings();
	}

	get streamCount(): number {
		return this.#streams.size;
	}

	get isClosed(): boolean {
		return this.#phase === "closed";
	}

	// ── input ────────────────────────────────────────────────────────────────────────────────────────────

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
		this.#returnConnectionCredit();
		this.flush();
	}

	dataBegin(streamId: number, payloadBytes: number): boolean {
		this.#assertNoOpenBlock();
		if (streamId === 0) throw protocolError("DATA on stream 0");
		this.#receiveWindow -= payloadBytes;
		if (this.#receiveWindow < 0)
			throw new ConnectionError(
				ERROR.FLOW_CONTROL_ERROR,
				"the connection's window is exceeded",
			);
		this.#unreturnedBytes += payloadBytes;
		if (payloadBytes === 0) this.#countControlFrame();
		const stream = this.#streams.get(streamId);
		if (stream === undefined) {
			this.#onClosedStream(streamId, "DATA");
			return false;
		}
		if (stream.remoteClosed) {
			this.resetStream(stream, ERROR.STREAM_CLOSED);
			return false;
		}
		stream.receiveWindow -= payloadBytes;
		if (stream.receiveWindow < 0) {
			this.resetStream(stream, ERROR.FLOW_CONTROL_ERROR);
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
		if (endStream) this.#remoteEnd(stream);
		else if (!stream.creditPaused) this.returnStreamCredit(stream);
	}

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
				this.#onReset(streamId, start, end);
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
		const open = this.#streams.get(streamId);
		if (open !== undefined || streamId <= this.#maxStreamId) {
			// Decoded in any case: the table must stay in step.
			const list = this.#hpack.decode(bytes, start, end);
			this.#onTrailers(open, streamId, endStream, list);
			return;
		}
		const parsed = this.#parseHead(bytes, start, end);
		this.#maxStreamId = streamId;
		if (
			streamId > this.#lastAcceptedId ||
			this.#streams.size >= this.#limits.maxConcurrentStreams
		) {
			this.#sendReset(streamId, ERROR.REFUSED_STREAM);
			return;
		}
		this.#openStream(streamId, parsed, endStream, selfDependent);
	}

	#openStream(
		streamId: number,
		parsed: ParsedHead | typeof LIST_TOO_LARGE,
		endStream: boolean,
		selfDependent: boolean,
	): void {
		const contentLength =
			parsed !== LIST_TOO_LARGE && parsed.ok ? parsed.head.contentLength : -1;
		const stream = new H2Stream(
			this,
			streamId,
			this.#peer.initialWindowBytes,
			this.#limits.streamWindowBytes,
			contentLength,
		);
		this.#streams.set(streamId, stream);
		if (parsed === LIST_TOO_LARGE) {
			this.#host.headTooLarge(stream);
			return;
		}
		if (!parsed.ok || selfDependent) {
			this.resetStream(stream, ERROR.PROTOCOL_ERROR);
			return;
		}
		stream.remoteClosed = endStream;
		if (endStream && contentLength > 0) {
			this.resetStream(stream, ERROR.PROTOCOL_ERROR);
			return;
		}
		stream.consumer = this.#host.accept(stream, parsed.head);
		if (endStream) {
			stream.consumer?.end();
			this.#dropIfDone(stream);
		}
	}

	/** Many clients send the same block again and again: equal bytes at an equal table give an equal head. */
	#parseHead(
		bytes: Uint8Array,
		start: number,
		end: number,
	): ParsedHead | typeof LIST_TOO_LARGE {
		const cached = this.#cachedHead;
		const version = this.#hpack.version;
		if (
			cached !== null &&
			cached.version === version &&
			equalBytes(cached.block, bytes, start, end)
		)
			return cached.parsed;
		const list = this.#hpack.decode(bytes, start, end);
		if (list === LIST_TOO_LARGE) return list;
		const parsed = parseRequestHead(list);
		if (this.#hpack.version === version)
			this.#cachedHead = {
				block: copyBytes(bytes, start, end),
				version,
				parsed,
			};
		return parsed;
	}

	#onTrailers(
		stream: H2Stream | undefined,
		streamId: number,
		endStream: boolean,
		list: string[] | typeof LIST_TOO_LARGE,
	): void {
		if (stream === undefined) {
			if (this.#resetIds.has(streamId)) return;
			throw new ConnectionError(
				ERROR.STREAM_CLOSED,
				`HEADERS on closed stream ${streamId}`,
			);
		}
		if (stream.remoteClosed) {
			this.resetStream(stream, ERROR.STREAM_CLOSED);
			return;
		}
		if (!endStream || list === LIST_TOO_LARGE || fieldsProblem(list) !== null) {
			this.resetStream(stream, ERROR.PROTOCOL_ERROR);
			return;
		}
		this.#remoteEnd(stream);
	}

	#remoteEnd(stream: H2Stream): void {
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

	#onReset(streamId: number, start: number, end: number): void {
		if (end - start !== 4) throw frameSizeError("RST_STREAM", end - start);
		this.#assertNotIdle("RST_STREAM", streamId);
		if (!this.#resetGuard.take(this.#host.nowUs()))
			throw new ConnectionError(ERROR.ENHANCE_YOUR_CALM, "too many RST_STREAM");
		const stream = this.#streams.get(streamId);
		if (stream !== undefined) this.#lose(stream, "peer-reset");
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
		const stream = this.#streams.get(streamId);
		if (stream !== undefined) this.resetStream(stream, code);
		else this.#sendReset(streamId, code);
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
		const before = this.#peer.initialWindowBytes;
		applySettings(this.#peer, bytes, start, end);
		const change = this.#peer.initialWindowBytes - before;
		if (change !== 0) {
			for (const stream of this.#streams.values()) {
				stream.sendWindow += change;
				if (stream.sendWindow > MAX_WINDOW_BYTES)
					throw new ConnectionError(
						ERROR.FLOW_CONTROL_ERROR,
						"a window exceeds 2^31-1",
					);
			}
		}
		this.#output.frame(FRAME.SETTINGS, FLAG.ACK, 0, EMPTY);
		if (this.#blockedCount > 0) this.#sendBlocked();
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
			const waiter = this.#pingAckWaiter;
			this.#pingAckWaiter = null;
			waiter?.();
			return;
		}
		this.#countControlFrame();
		this.#output.frame(FRAME.PING, FLAG.ACK, 0, bytes.subarray(start, end));
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
			this.#sendWindow += increment;
			if (this.#sendWindow > MAX_WINDOW_BYTES)
				throw new ConnectionError(
					ERROR.FLOW_CONTROL_ERROR,
					"the connection's window exceeds 2^31-1",
				);
		} else {
			this.#assertNotIdle("WINDOW_UPDATE", streamId);
			const stream = this.#streams.get(streamId);
			if (stream === undefined) return;
			stream.sendWindow += increment;
			if (increment === 0 || stream.sendWindow > MAX_WINDOW_BYTES) {
				this.resetStream(
					stream,
					increment === 0 ? ERROR.PROTOCOL_ERROR : ERROR.FLOW_CONTROL_ERROR,
				);
				return;
			}
		}
		if (this.#blockedCount > 0) this.#sendBlocked();
	}

	/** DATA for a stream that is not open. */
	#onClosedStream(streamId: number, what: string): void {
		this.#assertNotIdle(what, streamId);
		// On a stream that we reset, the peer's bytes were under way: only their credit matters.
		if (this.#resetIds.has(streamId)) return;
		this.#countControlFrame();
		this.#sendReset(streamId, ERROR.STREAM_CLOSED);
	}

	#assertNotIdle(what: string, streamId: number): void {
		if (streamId === 0 || streamId > this.#maxStreamId)
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

	// ── output ───────────────────────────────────────────────────────────────────────────────────────────

	sendHeaders(stream: H2Stream, block: Uint8Array, endStream: boolean): void {
		if (stream.localClosed) return;
		const flags = FLAG.END_HEADERS | (endStream ? FLAG.END_STREAM : 0);
		this.#output.frame(FRAME.HEADERS, flags, stream.id, block);
		if (endStream) this.#localEnd(stream);
		this.#wantFlush();
	}

	sendData(stream: H2Stream, source: DataSource): boolean {
		if (stream.localClosed) return true;
		const { byteLength } = source;
		const fits =
			!stream.isBlocked &&
			byteLength <= stream.sendWindow &&
			byteLength <= this.#sendWindow;
		if (fits) {
			stream.sendWindow -= byteLength;
			this.#sendWindow -= byteLength;
			this.#writeData(stream.id, source);
		} else {
			this.#queueData(stream, source);
		}
		this.#wantFlush();
		return fits && !this.#isBackedUp();
	}

	sendTrailers(stream: H2Stream, block: Uint8Array): void {
		if (stream.localClosed) return;
		if (stream.isBlocked) stream.waitingTrailers = block;
		else this.sendHeaders(stream, block, true);
	}

	resetStream(stream: H2Stream, code: ErrorNumber): void {
		if (!this.#streams.has(stream.id)) return;
		this.#sendReset(stream.id, code);
		this.#lose(stream, "shutdown");
	}

	/** Writes `source` as DATA frames of the size that the peer takes. */
	#writeData(streamId: number, source: DataSource): void {
		const { byteLength } = source;
		const most = this.#peer.maxFrameBytes;
		if (byteLength <= most) {
			const at = this.#output.frameHeader(byteLength, FRAME.DATA, 0, streamId);
			source.writeTo(this.#output.buffer, at);
			return;
		}
		// Written once behind where the frame headers go, then each piece moves down to its header.
		const frames = Math.ceil(byteLength / most);
		const start = this.#output.reserve(byteLength + frames * 9);
		const buffer = this.#output.buffer;
		let from = start + frames * 9;
		source.writeTo(buffer, from);
		let to = start;
		for (let left = byteLength; left > 0; left -= most) {
			const piece = Math.min(left, most);
			buffer[to] = piece >>> 16;
			buffer[to + 1] = piece >>> 8;
			buffer[to + 2] = piece;
			buffer[to + 3] = FRAME.DATA;
			buffer[to + 4] = 0;
			writeUint32(buffer, to + 5, streamId);
			buffer.copyWithin(to + 9, from, from + piece);
			to += 9 + piece;
			from += piece;
		}
	}

	#queueData(stream: H2Stream, source: DataSource): void {
		this.#queuedBytes += source.byteLength;
		if (this.#queuedBytes > this.#limits.maxQueuedBytes) {
			this.#fail(
				new ConnectionError(
					ERROR.ENHANCE_YOUR_CALM,
					"the client does not read its answers",
				),
			);
			return;
		}
		const copy = new Uint8Array(source.byteLength);
		source.writeTo(copy, 0);
		if (!stream.isBlocked) this.#blockedCount++;
		stream.waiting.push(copy);
		this.#sendBlocked();
	}

	/** Sends what the windows now allow, stream by stream in the order they were opened. */
	#sendBlocked(): void {
		for (const stream of this.#streams.values()) {
			if (!stream.isBlocked) continue;
			this.#sendWaiting(stream);
			if (stream.waiting.length > 0) continue;
			this.#blockedCount--;
			const trailers = stream.waitingTrailers;
			stream.waitingTrailers = null;
			if (trailers !== null) this.sendHeaders(stream, trailers, true);
			else stream.consumer?.writable();
		}
		this.#wantFlush();
	}

	#sendWaiting(stream: H2Stream): void {
		while (stream.waiting.length > 0) {
			const bytes = stream.waiting[0]!;
			const room = Math.min(
				stream.sendWindow,
				this.#sendWindow,
				this.#peer.maxFrameBytes,
			);
			if (room <= 0) return;
			const piece = bytes.subarray(0, room);
			this.#output.frame(FRAME.DATA, 0, stream.id, piece);
			stream.sendWindow -= piece.length;
			this.#sendWindow -= piece.length;
			this.#queuedBytes -= piece.length;
			if (piece.length === bytes.length) stream.waiting.shift();
			else stream.waiting[0] = bytes.subarray(piece.length);
		}
	}

	#localEnd(stream: H2Stream): void {
		stream.localClosed = true;
		if (stream.remoteClosed) this.#dropIfDone(stream);
		else this.#halfOpen.push(stream);
	}

	/** A stream that the peer leaves open after our answer is told to stop (RFC 9113, 8.1). */
	#resetHalfOpen(): void {
		const streams = this.#halfOpen;
		this.#halfOpen = [];
		for (const stream of streams) {
			if (stream.remoteClosed || !this.#streams.has(stream.id)) continue;
			this.#sendReset(stream.id, ERROR.NO_ERROR);
			this.#forget(stream);
		}
	}

	#sendReset(streamId: number, code: ErrorNumber): void {
		const at = this.#output.frameHeader(4, FRAME.RST_STREAM, 0, streamId);
		writeUint32(this.#output.buffer, at, code);
		this.#resetIds.add(streamId);
		if (this.#resetIds.size > REMEMBERED_RESETS) {
			const [oldest] = this.#resetIds;
			if (oldest !== undefined) this.#resetIds.delete(oldest);
		}
		this.#wantFlush();
	}

	/** Returns credit for what the stream's consumer has taken, in steps of half a window. */
	returnStreamCredit(stream: H2Stream): void {
		const bytes = stream.unreturnedBytes;
		if (bytes < this.#limits.streamWindowBytes / 2 || stream.remoteClosed)
			return;
		stream.unreturnedBytes = 0;
		stream.receiveWindow += bytes;
		this.#sendWindowUpdate(stream.id, bytes);
	}

	#returnConnectionCredit(): void {
		const bytes = this.#unreturnedBytes;
		if (bytes < this.#limits.connectionWindowBytes / 4) return;
		this.#unreturnedBytes = 0;
		this.#receiveWindow += bytes;
		this.#sendWindowUpdate(0, bytes);
	}

	#sendWindowUpdate(streamId: number, increment: number): void {
		const at = this.#output.frameHeader(4, FRAME.WINDOW_UPDATE, 0, streamId);
		writeUint32(this.#output.buffer, at, increment);
		this.#wantFlush();
	}

	#sendOurSettings(): void {
		const limits = this.#limits;
		this.#output.frame(
			FRAME.SETTINGS,
			0,
			0,
			encodeSettings([
				[SETTING.MAX_CONCURRENT_STREAMS, limits.maxConcurrentStreams],
				[SETTING.INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
				[SETTING.MAX_FRAME_SIZE, limits.maxFrameBytes],
				[SETTING.MAX_HEADER_LIST_SIZE, limits.maxHeaderListBytes],
			]),
		);
		if (limits.connectionWindowBytes > DEFAULT_WINDOW_BYTES)
			this.#sendWindowUpdate(
				0,
				limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES,
			);
		this.#wantFlush();
	}

	/** Hands all output to the socket; called once per tick. */
	flush(): void {
		this.#flushPending = false;
		if (this.#halfOpen.length > 0) this.#resetHalfOpen();
		if (this.#output.isEmpty) return;
		this.#output.flush();
		if (this.#isBackedUp() && Number.isNaN(this.#congestedSinceUs)) {
			this.#congestedSinceUs = this.#host.nowUs();
			this.#control.pauseReading();
		}
	}

	/** The kernel took what was backed up. */
	drained(): void {
		if (Number.isNaN(this.#congestedSinceUs)) return;
		this.#congestedSinceUs = Number.NaN;
		this.#control.resumeReading();
		for (const stream of [...this.#streams.values()])
			if (!stream.isBlocked) stream.consumer?.writable();
	}

	#isBackedUp(): boolean {
		return this.#output.backlogBytes > this.#limits.maxBacklogBytes;
	}

	#wantFlush(): void {
		// What is sent while reading leaves when the read is done.
		if (this.#reading || this.#flushPending) return;
		this.#flushPending = true;
		this.#host.needsFlush(this);
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
			this.#fail(
				new ConnectionError(
					ERROR.ENHANCE_YOUR_CALM,
					"a request made no progress",
				),
			);
		}
	}

	/** True while a client owes us the rest of a block or of a body. */
	#isReceiving(): boolean {
		if (this.#headers.isOpen) return true;
		for (const stream of this.#streams.values())
			if (!stream.remoteClosed && stream.contentLength > stream.bodyBytes)
				return true;
		return false;
	}

	/** Sends a PING; `acknowledged` runs when the peer answers it. */
	ping(acknowledged: () => void): void {
		this.#pingAckWaiter = acknowledged;
		this.#output.frame(FRAME.PING, 0, 0, new Uint8Array(8));
		this.#wantFlush();
	}

	/**
	 * Graceful end (RFC 9113, 6.8): announce, wait one round trip so that requests under way are still taken,
	 * then name the last stream and close when all are done.
	 */
	drain(): void {
		if (this.#phase !== "open") return;
		this.#phase = "draining";
		this.#sendGoaway(MAX_STREAM_ID, ERROR.NO_ERROR, "");
		this.ping(() => {
			this.#lastAcceptedId = this.#maxStreamId;
			this.#sendGoaway(this.#maxStreamId, ERROR.NO_ERROR, "");
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
		this.#sendGoaway(this.#maxStreamId, error.code, error.message);
		this.#output.flush();
		this.#close("connection");
		// Ends after the GOAWAY is out; a peer that does not close its side is cut off by destroySoon.
		this.#control.socket.end();
		this.#control.socket.destroySoon();
	}

	#sendGoaway(lastStreamId: number, code: ErrorNumber, text: string): void {
		const debug = Buffer.from(text);
		const at = this.#output.frameHeader(8 + debug.length, FRAME.GOAWAY, 0, 0);
		const buffer = this.#output.buffer;
		writeUint32(buffer, at, lastStreamId);
		writeUint32(buffer, at + 4, code);
		buffer.set(debug, at + 8);
		this.#wantFlush();
	}

	#close(reason: LossReason): void {
		if (this.#phase === "closed") return;
		this.#phase = "closed";
		for (const stream of [...this.#streams.values()])
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
		if (!this.#streams.delete(stream.id)) return;
		if (stream.isBlocked) this.#blockedCount--;
		for (const bytes of stream.waiting) this.#queuedBytes -= bytes.length;
		stream.waiting = [];
		stream.waitingTrailers = null;
		if (this.#current === stream) this.#current = null;
		this.#closeIfDrained();
	}

	#closeIfDrained(): void {
		const drained =
			this.#phase === "draining" &&
			this.#lastAcceptedId !== MAX_STREAM_ID &&
			this.#streams.size === 0;
		if (!drained) return;
		this.flush();
		this.#phase = "closed";
		this.#control.socket.end();
	}
}

function toConnectionError(error: unknown): ConnectionError {
	if (error instanceof ConnectionError) return error;
	if (error instanceof CompressionError)
		return new ConnectionError(ERROR.COMPRESSION_ERROR, error.message);
	// A handler threw: its text is not the peer's business.
	return new ConnectionError(ERROR.INTERNAL_ERROR, "internal error");
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

function equalBytes(
	block: Uint8Array,
	bytes: Uint8Array,
	start: number,
	end: number,
): boolean {
	if (block.length !== end - start) return false;
	for (let i = 0; i < block.length; i++)
		if (block[i] !== bytes[start + i]) return false;
	return true;
}
