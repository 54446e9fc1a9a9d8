// Cuts a byte stream into frames, however it was chunked. DATA payloads are handed on piece by piece as they
// arrive and never collected; all other frames are small and arrive whole.
//
//   preface ─▶ header ─┬▶ payload (collect)  ─▶ header
//                      └▶ pad length ─▶ data ─▶ padding ─▶ header
import { ConnectionError, calmDown } from "./connection-error.ts";
import {
	ERROR,
	FLAG,
	FRAME,
	FRAME_HEADER_BYTES,
	MIN_MAX_FRAME_BYTES,
	PREFACE,
} from "./constants.ts";
import { type ConnectionLimits, maxBlockBytes } from "./limits.ts";

export type FrameLimits = Pick<
	ConnectionLimits,
	"maxFrameBytes" | "maxHeaderListBytes"
>;

export interface FrameHandler {
	/** A DATA frame begins. `payloadBytes` counts padding: all of it is flow controlled. False: skip the payload. */
	dataBegin(
		streamId: number,
		payloadBytes: number,
		endStream: boolean,
	): boolean;
	/** Part of the data, valid during the call. */
	dataPart(bytes: Uint8Array, start: number, end: number): void;
	dataEnd(streamId: number, endStream: boolean): void;
	/** Any other frame, whole; `bytes` is valid during the call. */
	frame(
		type: number,
		flags: number,
		streamId: number,
		bytes: Uint8Array,
		start: number,
		end: number,
	): void;
}

type State =
	| "preface"
	| "header"
	| "pad-length"
	| "data"
	| "padding"
	| "collect";

const NOTHING = new Uint8Array(0);
/** A connection that once sent a large frame does not hold memory for another one. */
const MAX_KEPT_BYTES = 16 * 1024;

export class FrameReader {
	readonly #handler: FrameHandler;
	readonly #maxFrameBytes: number;
	/** Of a frame that is kept until it is whole. */
	readonly #maxCollectedBytes: number;
	#state: State = "preface";
	readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
	/** Octets of the preface, or of a split header, that have arrived. */
	#partial = 0;
	#type = 0;
	#flags = 0;
	#streamId = 0;
	/** Octets of the current part (data, padding or collected payload) still to come. */
	#remaining = 0;
	#paddingBytes = 0;
	#wanted = false;
	#collected: Uint8Array = NOTHING;
	#collectedBytes = 0;
	#isHeld = false;

	constructor(
		handler: FrameHandler,
		{ maxFrameBytes, maxHeaderListBytes }: FrameLimits,
	) {
		this.#handler = handler;
		this.#maxFrameBytes = maxFrameBytes;
		this.#maxCollectedBytes = Math.max(
			MIN_MAX_FRAME_BYTES,
			maxBlockBytes(maxHeaderListBytes),
		);
	}

	/** True until the client's connection preface is complete. */
	get awaitsPreface(): boolean {
		return this.#state === "preface";
	}

	/** True when a frame has begun and is not complete. */
	get isInFrame(): boolean {
		return this.#state !== "header" || this.#partial > 0;
	}

	/** Ends the `read` under way as soon as it is between two steps. */
	hold(): void {
		this.#isHeld = true;
	}

	/**
	 * Returns where it stopped: `end`, or earlier when it was held. Throws ConnectionError, or whatever the handler
	 * throws as such.
	 */
	read(bytes: Uint8Array, start: number, end: number): number {
		this.#isHeld = false;
		let at = start;
		while (at < end && !this.#isHeld) at = this.#step(bytes, at, end);
		return at;
	}

	#step(bytes: Uint8Array, at: number, end: number): number {
		switch (this.#state) {
			case "header":
				return this.#readHeader(bytes, at, end);
			case "data":
				return this.#readData(bytes, at, end);
			case "collect":
				return this.#collect(bytes, at, end);
			case "pad-length":
				return this.#readPadLength(bytes, at);
			case "padding":
				return this.#skipPadding(at, end);
			case "preface":
				return this.#readPreface(bytes, at, end);
		}
	}

	#readPreface(bytes: Uint8Array, start: number, end: number): number {
		let at = start;
		while (at < end && this.#partial < PREFACE.length) {
			if (bytes[at++] !== PREFACE[this.#partial++])
				throw new ConnectionError(
					ERROR.PROTOCOL_ERROR,
					"the connection does not begin with the HTTP/2 preface",
				);
		}
		if (this.#partial === PREFACE.length) {
			this.#partial = 0;
			this.#state = "header";
		}
		return at;
	}

	#readHeader(bytes: Uint8Array, start: number, end: number): number {
		if (this.#partial === 0 && end - start >= FRAME_HEADER_BYTES)
			return this.#begin(bytes, start, bytes, start + FRAME_HEADER_BYTES, end);
		let at = start;
		while (at < end && this.#partial < FRAME_HEADER_BYTES)
			this.#header[this.#partial++] = bytes[at++]!;
		if (this.#partial < FRAME_HEADER_BYTES) return at;
		this.#partial = 0;
		return this.#begin(this.#header, 0, bytes, at, end);
	}

	/** The header is at `head[h…]`; the payload begins at `bytes[at]`. */
	#begin(
		head: Uint8Array,
		h: number,
		bytes: Uint8Array,
		at: number,
		end: number,
	): number {
		const length = (head[h]! << 16) | (head[h + 1]! << 8) | head[h + 2]!;
		const type = head[h + 3]!;
		const flags = head[h + 4]!;
		const streamId =
			((head[h + 5]! & 0x7f) << 24) |
			(head[h + 6]! << 16) |
			(head[h + 7]! << 8) |
			head[h + 8]!;
		if (length > this.#maxFrameBytes)
			throw new ConnectionError(
				ERROR.FRAME_SIZE_ERROR,
				`a frame of ${length} bytes exceeds ${this.#maxFrameBytes}`,
			);
		this.#type = type;
		this.#flags = flags;
		this.#streamId = streamId;
		if (type === FRAME.DATA) {
			this.#beginData(length);
			return at;
		}
		if (length > this.#maxCollectedBytes)
			throw calmDown(`a frame of type ${type} and ${length} bytes`);
		if (end - at >= length) {
			this.#state = "header";
			this.#handler.frame(type, flags, streamId, bytes, at, at + length);
			return at + length;
		}
		if (this.#collected.length < length)
			this.#collected = new Uint8Array(Math.max(length, 1024));
		this.#collectedBytes = 0;
		this.#remaining = length;
		this.#state = "collect";
		return at;
	}

	#beginData(length: number): void {
		const endStream = (this.#flags & FLAG.END_STREAM) !== 0;
		this.#wanted = this.#handler.dataBegin(this.#streamId, length, endStream);
		this.#remaining = length;
		this.#paddingBytes = 0;
		if (this.#flags & FLAG.PADDED) {
			if (length === 0) throw paddingError();
			this.#state = "pad-length";
		} else if (length === 0) {
			this.#finishData();
		} else {
			this.#state = "data";
		}
	}

	#readPadLength(bytes: Uint8Array, at: number): number {
		this.#paddingBytes = bytes[at]!;
		this.#remaining -= 1 + this.#paddingBytes;
		if (this.#remaining < 0) throw paddingError();
		if (this.#remaining > 0) this.#state = "data";
		else this.#endOfData();
		return at + 1;
	}

	#readData(bytes: Uint8Array, at: number, end: number): number {
		const next = Math.min(end, at + this.#remaining);
		this.#remaining -= next - at;
		if (this.#wanted) this.#handler.dataPart(bytes, at, next);
		if (this.#remaining === 0) this.#endOfData();
		return next;
	}

	#endOfData(): void {
		if (this.#paddingBytes > 0) {
			this.#remaining = this.#paddingBytes;
			this.#state = "padding";
		} else {
			this.#finishData();
		}
	}

	#skipPadding(at: number, end: number): number {
		const next = Math.min(end, at + this.#remaining);
		this.#remaining -= next - at;
		if (this.#remaining === 0) this.#finishData();
		return next;
	}

	#finishData(): void {
		this.#state = "header";
		if (this.#wanted)
			this.#handler.dataEnd(
				this.#streamId,
				(this.#flags & FLAG.END_STREAM) !== 0,
			);
	}

	#collect(bytes: Uint8Array, at: number, end: number): number {
		const next = Math.min(end, at + this.#remaining);
		this.#collected.set(bytes.subarray(at, next), this.#collectedBytes);
		this.#collectedBytes += next - at;
		this.#remaining -= next - at;
		if (this.#remaining === 0) {
			this.#state = "header";
			this.#handler.frame(
				this.#type,
				this.#flags,
				this.#streamId,
				this.#collected,
				0,
				this.#collectedBytes,
			);
			if (this.#collected.length > MAX_KEPT_BYTES) this.#collected = NOTHING;
		}
		return next;
	}
}

function paddingError(): ConnectionError {
	return new ConnectionError(
		ERROR.PROTOCOL_ERROR,
		"padding is longer than the frame",
	);
}
