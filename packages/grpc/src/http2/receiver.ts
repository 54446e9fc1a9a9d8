// What a connection reads: requests and their data; the other frames go to ControlFrames. Everything is checked
// against RFC 9113 before anybody hears of it. Violations of the connection are thrown, those of a stream reset it.
import { LIST_TOO_LARGE } from "../hpack/decoder.ts";
import { ConnectionError, protocolError } from "./connection-error.ts";
import { ERROR, type ErrorNumber, FRAME } from "./constants.ts";
import { ControlFrames } from "./control-frames.ts";
import type { FloodGuard } from "./flood-guard.ts";
import type { FrameHandler } from "./frame-reader.ts";
import { HeadParser } from "./head-parser.ts";
import { HeaderAssembly } from "./header-assembly.ts";
import type { ConnectionLimits } from "./limits.ts";
import type { ReceiveWindows } from "./receive-windows.ts";
import type { ReceiverHost } from "./receiver-host.ts";
import { fieldsProblem } from "./request-head.ts";
import type { Sender } from "./sender.ts";
import type { Shared } from "./shared.ts";
import type { H2Stream } from "./stream.ts";
import type { StreamTable } from "./stream-table.ts";

export class Receiver implements FrameHandler {
	readonly #host: ReceiverHost;
	readonly #sender: Sender;
	readonly #streams: StreamTable;
	readonly #limits: ConnectionLimits;
	readonly #heads: HeadParser;
	readonly #headers: HeaderAssembly;
	readonly #floods: FloodGuard;
	readonly #control: ControlFrames;
	/** Grows with every piece of a request. */
	progressCount = 0;
	#current: H2Stream | null = null;
	readonly #windows: ReceiveWindows;

	constructor(
		sender: Sender,
		windows: ReceiveWindows,
		shared: Shared,
		host: ReceiverHost,
	) {
		const { limits, streams, floods } = shared;
		this.#host = host;
		this.#sender = sender;
		this.#streams = streams;
		this.#limits = limits;
		this.#heads = new HeadParser(limits.maxHeaderListBytes);
		this.#headers = new HeaderAssembly(limits);
		this.#floods = floods;
		this.#control = new ControlFrames(sender, windows, shared, host);
		this.#windows = windows;
	}

	/** The peer owes the rest of a header block. */
	get isInBlock(): boolean {
		return this.#headers.isOpen;
	}

	/** The stream is gone: what still comes of its current frame has no reader. */
	forget(stream: H2Stream): void {
		if (this.#current === stream) this.#current = null;
	}

	// ── data ─────────────────────────────────────────────────────────────────────────────────────────────

	dataBegin(
		streamId: number,
		payloadBytes: number,
		endStream: boolean,
	): boolean {
		this.#assertNoOpenBlock();
		if (streamId === 0) throw protocolError("DATA on stream 0");
		this.#windows.receivedOnConnection(payloadBytes);
		if (payloadBytes === 0 && !endStream) this.#floods.countControlFrame();
		const stream = this.#streams.open.get(streamId);
		if (stream === undefined) {
			this.#onClosedStream(streamId);
			return false;
		}
		if (stream.remoteClosed) {
			this.#resetGuilty(stream, ERROR.STREAM_CLOSED);
			return false;
		}
		if (!this.#windows.receivedOnStream(stream, payloadBytes)) {
			this.#resetGuilty(stream, ERROR.FLOW_CONTROL_ERROR);
			return false;
		}
		this.#current = stream;
		return true;
	}

	dataPart(bytes: Uint8Array, start: number, end: number): void {
		const stream = this.#current;
		if (stream === null) return;
		this.progressCount++;
		stream.bodyBytes += end - start;
		stream.consumer?.data(bytes, start, end);
	}

	dataEnd(_streamId: number, endStream: boolean): void {
		const stream = this.#current;
		this.#current = null;
		if (stream === null) return;
		if (endStream) this.#remoteEnd(stream);
		else if (!stream.creditPaused) this.#windows.returnStreamCredit(stream);
	}

	/** DATA for a stream that is not open. */
	#onClosedStream(streamId: number): void {
		this.#assertNotIdle("DATA", streamId);
		// On a stream that we reset, the peer's bytes were under way: only their credit matters.
		if (this.#streams.wasReset(streamId)) return;
		this.#floods.countControlFrame();
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
		if (type === FRAME.HEADERS)
			this.#onHeaders(flags, streamId, bytes, start, end);
		else if (type === FRAME.CONTINUATION)
			this.#onContinuation(flags, streamId, bytes, start, end);
		else this.#control.frame(type, flags, streamId, bytes, start, end);
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
		this.progressCount++;
		if (streamId <= streams.maxId) {
			const list = this.#heads.decode(bytes, start, end);
			this.#onTrailers(streamId, endStream, list);
			return;
		}
		const head = this.#heads.parse(bytes, start, end);
		streams.maxId = streamId;
		const isTooMany = streams.open.size >= this.#limits.maxConcurrentStreams;
		if (isTooMany) this.#floods.countReset();
		if (isTooMany || streamId > streams.lastAcceptedId)
			this.#sender.reset(streamId, ERROR.REFUSED_STREAM);
		else if (head === LIST_TOO_LARGE)
			this.#host.openStream(streamId, null, endStream);
		else if (
			!head.ok ||
			selfDependent ||
			(endStream && head.head.contentLength > 0)
		) {
			this.#floods.countReset();
			this.#sender.reset(streamId, ERROR.PROTOCOL_ERROR);
		} else this.#host.openStream(streamId, head.head, endStream);
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
		if (stream.remoteClosed) this.#resetGuilty(stream, ERROR.STREAM_CLOSED);
		else if (
			!endStream ||
			list === LIST_TOO_LARGE ||
			fieldsProblem(list) !== null
		)
			this.#resetGuilty(stream, ERROR.PROTOCOL_ERROR);
		else this.#remoteEnd(stream);
	}

	/** The peer sent the last of its side: is it all of what it announced? */
	#remoteEnd(stream: H2Stream): void {
		stream.remoteClosed = true;
		const isWhole =
			stream.contentLength === -1 || stream.contentLength === stream.bodyBytes;
		if (isWhole) this.#host.remoteEnd(stream);
		else this.#resetGuilty(stream, ERROR.PROTOCOL_ERROR);
	}

	/** Resets a stream for what the peer did wrong. */
	#resetGuilty(stream: H2Stream, code: ErrorNumber): void {
		this.#floods.countReset();
		this.#host.resetStream(stream, code);
	}

	#assertNotIdle(what: string, streamId: number): void {
		if (this.#streams.isIdle(streamId))
			throw protocolError(`${what} on idle stream ${streamId}`);
	}

	#assertNoOpenBlock(): void {
		if (this.#headers.isOpen)
			throw protocolError("a header block was interrupted");
	}
}
