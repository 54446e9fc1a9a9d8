// What a connection writes, and the peer's flow control (RFC 9113, 5.2 and 6.9): data that finds no window waits
// in its stream and leaves when the peer returns credit.
import type { Socket } from "node:net";
import type { ByteBudget } from "../byte-budget.ts";
import { type ConnectionError, flowControlError } from "./connection-error.ts";
import {
	DEFAULT_WINDOW_BYTES,
	type ErrorNumber,
	FLAG,
	FRAME,
	FRAME_HEADER_BYTES,
	MAX_WINDOW_BYTES,
	SETTING,
} from "./constants.ts";
import type { FloodGuard } from "./flood-guard.ts";
import type { ConnectionLimits } from "./limits.ts";
import { Output, writeUint32 } from "./output.ts";
import {
	applySettings,
	defaultPeerSettings,
	encodeSettings,
} from "./settings.ts";
import type { Shared } from "./shared.ts";
import type { DataSource, H2Stream } from "./stream.ts";
import type { StreamTable } from "./stream-table.ts";

const EMPTY = new Uint8Array(0);
const PING_BYTES = new Uint8Array(8);
/** Credit below it, given to data that waits, makes frames that are mostly header (CVE-2019-9511). */
const DRIBBLE_BYTES = 256;

export interface SenderHost {
	/** Something was written: it leaves when `flush` is called, once per tick. */
	wrote(): void;
	/** The last frame of our side of a stream was written. */
	ended(stream: H2Stream): void;
	/** The kernel takes less than is written: nothing more should be asked of us. */
	backedUp(): void;
	/** More waits for the peer than it may make us keep. */
	overflow(): void;
}

export class Sender {
	readonly #host: SenderHost;
	readonly #streams: StreamTable;
	readonly #limits: ConnectionLimits;
	readonly #floods: FloodGuard;
	readonly #budget: ByteBudget;
	readonly #socket: Socket;
	readonly #output: Output;
	readonly #peer = defaultPeerSettings();
	#window = DEFAULT_WINDOW_BYTES;
	#queuedBytes = 0;
	/** What of the budget is taken for bytes that the kernel has not. */
	#backlogBytes = 0;
	/** PINGs under way, oldest first. */
	readonly #pingWaiters: (() => void)[] = [];
	#blockedCount = 0;

	constructor(
		socket: Socket,
		{ limits, streams, floods, budget }: Shared,
		host: SenderHost,
	) {
		this.#host = host;
		this.#streams = streams;
		this.#limits = limits;
		this.#floods = floods;
		this.#budget = budget;
		this.#socket = socket;
		this.#output = new Output(socket);
	}

	/** Window of a stream that opens now. */
	get initialWindowBytes(): number {
		return this.#peer.initialWindowBytes;
	}

	/** The kernel takes less than we write. */
	get isBackedUp(): boolean {
		return this.#output.backlogBytes > this.#limits.maxBacklogBytes;
	}

	/** True when there was something to hand to the socket. */
	flush(): boolean {
		if (this.#output.isEmpty) return false;
		this.#output.flush();
		this.countBacklog();
		return true;
	}

	/** Takes from the budget what the kernel has not taken, and gives back what it has. */
	countBacklog(): void {
		const backlogBytes = this.#socket.writableLength;
		const more = backlogBytes - this.#backlogBytes;
		if (more === 0) return;
		if (more < 0) this.#budget.release(-more);
		else if (!this.#budget.take(more)) {
			this.#host.overflow();
			return;
		}
		this.#backlogBytes = backlogBytes;
	}

	/** The socket is gone, and with it what waited there. */
	dropBacklog(): void {
		this.#budget.release(this.#backlogBytes);
		this.#backlogBytes = 0;
	}

	// ── streams ──────────────────────────────────────────────────────────────────────────────────────────

	headers(stream: H2Stream, block: Uint8Array, endStream: boolean): void {
		if (stream.localClosed) return;
		const flags = FLAG.END_HEADERS | (endStream ? FLAG.END_STREAM : 0);
		this.#output.frame(FRAME.HEADERS, flags, stream.id, block);
		if (endStream) {
			stream.localClosed = true;
			this.#floods.answered();
			this.#host.ended(stream);
		}
		this.#host.wrote();
	}

	/** False: the data waits, or the socket is backed up. */
	data(stream: H2Stream, source: DataSource): boolean {
		if (stream.localClosed) return true;
		const { byteLength } = source;
		const fits =
			!stream.isBlocked &&
			byteLength <= stream.sendWindow &&
			byteLength <= this.#window;
		if (fits) {
			this.#writeData(stream.id, source);
			stream.sendWindow -= byteLength;
			this.#window -= byteLength;
		} else {
			this.#queueData(stream, source);
		}
		this.#floods.sentData();
		this.#host.wrote();
		return !this.#isHeldUp() && fits;
	}

	/** True, and the host is told, when the kernel takes less than is written. */
	#isHeldUp(): boolean {
		const { backlogBytes } = this.#output;
		const { maxBacklogBytes, maxQueuedBytes } = this.#limits;
		if (backlogBytes + this.#queuedBytes > maxQueuedBytes)
			this.#host.overflow();
		else if (backlogBytes > maxBacklogBytes) this.#host.backedUp();
		else return false;
		return true;
	}

	trailers(stream: H2Stream, block: Uint8Array): void {
		if (stream.localClosed) return;
		if (stream.isBlocked) stream.waitingTrailers = block;
		else this.headers(stream, block, true);
	}

	/** Drops what waits on a stream that is gone. */
	forget(stream: H2Stream): void {
		if (stream.isBlocked) this.#blockedCount--;
		for (const bytes of stream.waiting) this.#unqueue(bytes.length);
		stream.waiting = [];
		stream.waitingTrailers = null;
	}

	/** Writes `source` as DATA frames of the size that the peer takes. */
	#writeData(streamId: number, source: DataSource): void {
		const { byteLength } = source;
		const most = this.#peer.maxFrameBytes;
		if (byteLength <= most) {
			const at = this.#output.frameHeader(byteLength, FRAME.DATA, 0, streamId);
			this.#writeSource(source, at, at - FRAME_HEADER_BYTES);
			return;
		}
		// Written once, behind its frame headers: header and piece meet in the socket's gathered write.
		const headerBytes = Math.ceil(byteLength / most) * FRAME_HEADER_BYTES;
		const output = this.#output;
		const headersAt = output.reserve(byteLength + headerBytes);
		const { buffer } = output;
		let from = headersAt + headerBytes;
		this.#writeSource(source, from, headersAt);
		output.sealBefore(headersAt);
		let header = headersAt;
		for (let left = byteLength; left > 0; left -= most) {
			const piece = Math.min(left, most);
			buffer[header] = piece >>> 16;
			buffer[header + 1] = piece >>> 8;
			buffer[header + 2] = piece;
			buffer[header + 3] = FRAME.DATA;
			buffer[header + 4] = 0;
			writeUint32(buffer, header + 5, streamId);
			output.sendPiece(header, header + FRAME_HEADER_BYTES);
			output.sendPiece(from, from + piece);
			header += FRAME_HEADER_BYTES;
			from += piece;
		}
	}

	/** Writes `source` at `at`. A source that throws leaves no trace: what was reserved from `reservedAt` is undone. */
	#writeSource(source: DataSource, at: number, reservedAt: number): void {
		try {
			source.writeTo(this.#output.buffer, at);
		} catch (error) {
			this.#output.takeBack(reservedAt);
			throw error;
		}
	}

	/** Afterwards, as always: whatever waits has no window of its own, or the connection has none. */
	#queueData(stream: H2Stream, source: DataSource): void {
		const { byteLength } = source;
		if (this.#queuedBytes + byteLength > this.#limits.maxQueuedBytes) {
			this.#host.overflow();
			return;
		}
		const copy = new Uint8Array(byteLength);
		source.writeTo(copy, 0);
		if (!this.#budget.take(byteLength)) {
			this.#host.overflow();
			return;
		}
		this.#queuedBytes += byteLength;
		if (!stream.isBlocked) this.#blockedCount++;
		stream.waiting.push(copy);
		this.#sendWaiting(stream);
	}

	#unqueue(byteLength: number): void {
		this.#queuedBytes -= byteLength;
		this.#budget.release(byteLength);
	}

	/** Sends what the windows now allow, stream by stream in the order they were opened. */
	#sendBlocked(): void {
		if (this.#blockedCount === 0) return;
		for (const stream of this.#streams.open.inOrder()) {
			if (this.#window <= 0) break;
			if (stream.isBlocked) this.#unblock(stream);
		}
	}

	/** Sends what the windows now allow of one stream. */
	#unblock(stream: H2Stream): void {
		this.#sendWaiting(stream);
		this.#host.wrote();
		if (stream.waiting.length > 0) return;
		this.#blockedCount--;
		const trailers = stream.waitingTrailers;
		stream.waitingTrailers = null;
		if (trailers !== null) this.headers(stream, trailers, true);
		else stream.consumer?.writable();
	}

	#sendWaiting(stream: H2Stream): void {
		while (stream.waiting.length > 0) {
			const bytes = stream.waiting[0]!;
			const room = Math.min(
				stream.sendWindow,
				this.#window,
				this.#peer.maxFrameBytes,
			);
			if (room <= 0) return;
			const piece = bytes.subarray(0, room);
			this.#output.frame(FRAME.DATA, 0, stream.id, piece);
			this.#budget.recopiedBytes += piece.length;
			this.#floods.sentData();
			stream.sendWindow -= piece.length;
			this.#window -= piece.length;
			this.#unqueue(piece.length);
			if (piece.length === bytes.length) stream.waiting.shift();
			else stream.waiting[0] = bytes.subarray(piece.length);
		}
	}

	// ── what the peer allows ─────────────────────────────────────────────────────────────────────────────

	/** The peer's SETTINGS: applied and acknowledged. Throws ConnectionError. */
	peerSettings(bytes: Uint8Array, start: number, end: number): void {
		const before = this.#peer.initialWindowBytes;
		applySettings(this.#peer, bytes, start, end);
		const change = this.#peer.initialWindowBytes - before;
		if (change !== 0)
			for (const stream of this.#streams.open.inOrder()) {
				stream.sendWindow += change;
				if (stream.sendWindow > MAX_WINDOW_BYTES) throw windowOverflow();
			}
		this.#output.frame(FRAME.SETTINGS, FLAG.ACK, 0, EMPTY);
		this.#host.wrote();
		this.#sendBlocked();
	}

	/** Credit for the whole connection. Throws ConnectionError. */
	addConnectionWindow(increment: number): void {
		const wasExhausted = this.#window <= 0;
		this.#window += increment;
		if (this.#window > MAX_WINDOW_BYTES) throw windowOverflow();
		if (!wasExhausted) return;
		if (this.#blockedCount > 0) this.#countDribble(increment);
		this.#sendBlocked();
	}

	/** False: the window is too large now, the stream must go. */
	addStreamWindow(stream: H2Stream, increment: number): boolean {
		stream.sendWindow += increment;
		if (stream.sendWindow > MAX_WINDOW_BYTES) return false;
		if (!stream.isBlocked) return true;
		this.#countDribble(increment);
		this.#unblock(stream);
		return true;
	}

	#countDribble(increment: number): void {
		if (increment < DRIBBLE_BYTES) this.#floods.countControlFrame();
	}

	// ── frames of the connection ─────────────────────────────────────────────────────────────────────────

	ourSettings(initialWindowBytes: number): void {
		const limits = this.#limits;
		const settings = encodeSettings([
			[SETTING.MAX_CONCURRENT_STREAMS, limits.maxConcurrentStreams],
			[SETTING.INITIAL_WINDOW_SIZE, initialWindowBytes],
			[SETTING.MAX_FRAME_SIZE, limits.maxFrameBytes],
			[SETTING.MAX_HEADER_LIST_SIZE, limits.maxHeaderListBytes],
		]);
		this.#output.frame(FRAME.SETTINGS, 0, 0, settings);
		this.#host.wrote();
		const more = limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES;
		if (more > 0) this.windowUpdate(0, more);
	}

	/** Changes what our first SETTINGS said. */
	initialWindow(byteLength: number): void {
		const settings = encodeSettings([
			[SETTING.INITIAL_WINDOW_SIZE, byteLength],
		]);
		this.#output.frame(FRAME.SETTINGS, 0, 0, settings);
		this.#host.wrote();
	}

	windowUpdate(streamId: number, increment: number): void {
		const at = this.#output.frameHeader(4, FRAME.WINDOW_UPDATE, 0, streamId);
		writeUint32(this.#output.buffer, at, increment);
		this.#host.wrote();
	}

	reset(streamId: number, code: ErrorNumber): void {
		const at = this.#output.frameHeader(4, FRAME.RST_STREAM, 0, streamId);
		writeUint32(this.#output.buffer, at, code);
		this.#streams.rememberReset(streamId);
		this.#host.wrote();
	}

	/** `acknowledged` runs when the peer answers. */
	ping(acknowledged: () => void): void {
		this.#pingWaiters.push(acknowledged);
		this.#output.frame(FRAME.PING, 0, 0, PING_BYTES);
		this.#host.wrote();
	}

	/** False: nothing was asked. */
	pingAcknowledged(): boolean {
		const acknowledged = this.#pingWaiters.shift();
		acknowledged?.();
		return acknowledged !== undefined;
	}

	pingAck(opaque: Uint8Array): void {
		this.#output.frame(FRAME.PING, FLAG.ACK, 0, opaque);
		this.#host.wrote();
	}

	goaway(lastStreamId: number, code: ErrorNumber, text: string): void {
		const debug = Buffer.from(text);
		const at = this.#output.frameHeader(8 + debug.length, FRAME.GOAWAY, 0, 0);
		const buffer = this.#output.buffer;
		writeUint32(buffer, at, lastStreamId);
		writeUint32(buffer, at + 4, code);
		buffer.set(debug, at + 8);
		this.#host.wrote();
	}
}

function windowOverflow(): ConnectionError {
	return flowControlError("a window exceeds 2^31-1");
}
