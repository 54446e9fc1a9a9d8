// A header block may be spread over HEADERS and CONTINUATION frames with nothing between them. Most fit in one:
// those are passed through without a copy. Bounded in bytes and in frames.

import { ConnectionError } from "./connection-error.ts";
import { ERROR, FLAG, MAX_STREAM_ID } from "./constants.ts";
import { copyBytes } from "./copy-bytes.ts";
import { type ConnectionLimits, maxBlockBytes } from "./limits.ts";
import { readUint32 } from "./settings.ts";

/** Where the block of a single frame lies. */
export interface SingleBlock {
	readonly endStream: boolean;
	/** The frame names its own stream as the one it depends on: malformed. */
	readonly selfDependent: boolean;
	readonly start: number;
	readonly end: number;
}

export interface AssembledBlock {
	readonly endStream: boolean;
	readonly selfDependent: boolean;
	readonly bytes: Uint8Array;
}

export class HeaderAssembly {
	readonly #maxBytes: number;
	readonly #maxCount: number;
	#streamId = 0;
	#endStream = false;
	#selfDependent = false;
	#parts: Uint8Array[] = [];
	#byteLength = 0;

	constructor(limits: ConnectionLimits) {
		this.#maxBytes = maxBlockBytes(limits.maxHeaderListBytes);
		this.#maxCount = limits.maxContinuationCount;
	}

	get isOpen(): boolean {
		return this.#streamId !== 0;
	}

	/** A HEADERS frame: the block when it is whole, null when CONTINUATION frames must follow. */
	open(
		flags: number,
		streamId: number,
		bytes: Uint8Array,
		from: number,
		to: number,
	): SingleBlock | null {
		let start = from;
		let end = to;
		if (flags & FLAG.PADDED) {
			if (start === end) throw paddingError();
			end -= bytes[start]!;
			start++;
		}
		let selfDependent = false;
		if (flags & FLAG.PRIORITY) {
			if (end - start < 5) throw paddingError();
			selfDependent = (readUint32(bytes, start) & MAX_STREAM_ID) === streamId;
			start += 5;
		}
		if (end < start) throw paddingError();
		const endStream = (flags & FLAG.END_STREAM) !== 0;
		if (flags & FLAG.END_HEADERS)
			return { endStream, selfDependent, start, end };
		this.#streamId = streamId;
		this.#endStream = endStream;
		this.#selfDependent = selfDependent;
		this.#append(bytes, start, end);
		return null;
	}

	/** A CONTINUATION frame: the whole block when it is the last. */
	add(
		flags: number,
		streamId: number,
		bytes: Uint8Array,
		start: number,
		end: number,
	): AssembledBlock | null {
		if (this.#streamId === 0 || streamId !== this.#streamId)
			throw new ConnectionError(
				ERROR.PROTOCOL_ERROR,
				"CONTINUATION without an open header block",
			);
		this.#append(bytes, start, end);
		if ((flags & FLAG.END_HEADERS) === 0) return null;
		const block = {
			endStream: this.#endStream,
			selfDependent: this.#selfDependent,
			bytes: Buffer.concat(this.#parts),
		};
		this.#streamId = 0;
		this.#parts = [];
		this.#byteLength = 0;
		return block;
	}

	#append(bytes: Uint8Array, start: number, end: number): void {
		this.#parts.push(copyBytes(bytes, start, end));
		this.#byteLength += end - start;
		if (
			this.#byteLength > this.#maxBytes ||
			this.#parts.length > this.#maxCount
		)
			throw new ConnectionError(
				ERROR.ENHANCE_YOUR_CALM,
				`a header block of more than ${this.#maxBytes} bytes or ${this.#maxCount} frames`,
			);
	}
}

function paddingError(): ConnectionError {
	return new ConnectionError(
		ERROR.PROTOCOL_ERROR,
		"padding or priority is longer than the HEADERS frame",
	);
}
