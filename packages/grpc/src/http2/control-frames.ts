// The frames that carry neither requests nor data: settings, credit, PING, resets and priorities, each checked
// against RFC 9113, section 6.
import { frameSizeError, protocolError } from "./connection-error.ts";
import {
	ERROR,
	type ErrorNumber,
	FLAG,
	FRAME,
	MAX_STREAM_ID,
	MAX_WINDOW_BYTES,
} from "./constants.ts";
import type { FloodGuard } from "./flood-guard.ts";
import type { ReceiveWindows } from "./receive-windows.ts";
import type { ReceiverHost } from "./receiver-host.ts";
import type { Sender } from "./sender.ts";
import { readUint32 } from "./settings.ts";
import type { Shared } from "./shared.ts";
import type { H2Stream } from "./stream.ts";
import type { StreamTable } from "./stream-table.ts";

export class ControlFrames {
	readonly #host: ReceiverHost;
	readonly #sender: Sender;
	readonly #streams: StreamTable;
	readonly #floods: FloodGuard;
	readonly #windows: ReceiveWindows;

	constructor(
		sender: Sender,
		windows: ReceiveWindows,
		{ streams, floods }: Shared,
		host: ReceiverHost,
	) {
		this.#host = host;
		this.#sender = sender;
		this.#windows = windows;
		this.#streams = streams;
		this.#floods = floods;
	}

	/** Any frame but DATA, HEADERS and CONTINUATION. Throws ConnectionError. */
	frame(
		type: number,
		flags: number,
		streamId: number,
		bytes: Uint8Array,
		start: number,
		end: number,
	): void {
		switch (type) {
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
				this.#floods.countControlFrame();
				break;
			case FRAME.PUSH_PROMISE:
				throw protocolError("PUSH_PROMISE from a client");
			default:
				// Unknown types are ignored (RFC 9113, 5.5), but not for nothing.
				this.#floods.countControlFrame();
		}
	}

	#onReset(streamId: number, byteLength: number): void {
		if (byteLength !== 4) throw frameSizeError("RST_STREAM", byteLength);
		this.#assertNotIdle("RST_STREAM", streamId);
		const stream = this.#streams.open.get(streamId);
		// One that we ended meanwhile: the two crossed on their way.
		if (stream === undefined) return;
		this.#floods.countReset();
		this.#host.peerReset(stream);
	}

	#onPriority(
		streamId: number,
		bytes: Uint8Array,
		start: number,
		end: number,
	): void {
		if (streamId === 0) throw protocolError("PRIORITY on stream 0");
		this.#floods.countControlFrame();
		const wrongSize = end - start !== 5;
		const selfDependent =
			!wrongSize && (readUint32(bytes, start) & MAX_STREAM_ID) === streamId;
		if (!wrongSize && !selfDependent) return;
		const code = wrongSize ? ERROR.FRAME_SIZE_ERROR : ERROR.PROTOCOL_ERROR;
		const stream = this.#streams.open.get(streamId);
		if (stream !== undefined) this.#resetGuilty(stream, code);
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
			if (!this.#windows.settingsAcknowledged())
				this.#floods.countControlFrame();
			return;
		}
		this.#floods.countControlFrame();
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
			if (!this.#sender.pingAcknowledged()) this.#floods.countControlFrame();
			return;
		}
		this.#floods.countPing();
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
		if (increment === 0) this.#resetGuilty(stream, ERROR.PROTOCOL_ERROR);
		else if (!this.#sender.addStreamWindow(stream, increment))
			this.#resetGuilty(stream, ERROR.FLOW_CONTROL_ERROR);
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
}

function assertStreamZero(what: string, streamId: number): void {
	if (streamId !== 0) throw protocolError(`${what} on stream ${streamId}`);
}
