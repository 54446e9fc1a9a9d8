// What the closed-loop client sends: requests made once and sent again and again under new stream ids.

import {
	callFields,
	END_HEADERS,
	END_STREAM,
	FRAME,
	FRAME_HEADER_BYTES,
	frame,
	INFER_PATH,
	literal,
} from "../../packages/server/src/load-generator/http2-frames.ts";

// What h2load and grpc-go send, whatever the server would allow.
const DATA_FRAME_BYTES = 16_384;
const EMPTY = new Uint8Array(0);

/** Timeouts of 10 to 90 s in µs: always eight digits, so that they can be written over each other. */
const TIMEOUT_US = 10_000_000;
const TIMEOUT_SPAN_US = 80_000_000;
let timeoutCount = 0;

function nextTimeout(): string {
	return String(TIMEOUT_US + (timeoutCount++ % TIMEOUT_SPAN_US));
}

interface FramePart {
	/** Copied for each call, under its stream id. A HEADERS frame is here as a whole. */
	readonly header: Buffer;
	readonly payload: Uint8Array;
}

export class RequestTemplate {
	/** Of the body, as flow control counts. */
	readonly dataBytes: number;
	readonly #parts: readonly FramePart[];
	readonly #message: Uint8Array;
	readonly #hasTimeout: boolean;
	/** All of a request that fits one DATA frame: it leaves as one copy. */
	readonly #small: Buffer | null;

	/** @param distinctTimeouts another `grpc-timeout` in each call */
	constructor(message: Uint8Array, host: string, distinctTimeouts: boolean) {
		this.dataBytes = message.length;
		this.#message = message;
		this.#hasTimeout = distinctTimeouts;
		const headers = frame(
			FRAME.headers,
			END_HEADERS,
			0,
			headerBlock(host, distinctTimeouts),
		);
		this.#parts = [{ header: headers, payload: EMPTY }, ...dataParts(message)];
		this.#small =
			message.length <= DATA_FRAME_BYTES
				? Buffer.concat(
						this.#parts.flatMap(({ header, payload }) => [header, payload]),
					)
				: null;
	}

	/** Hands the pieces of one call to `write`; large payloads are not copied. */
	send(streamId: number, write: (bytes: Uint8Array) => void): void {
		if (this.#small !== null) {
			const bytes = Buffer.from(this.#small);
			const dataAt = this.#parts[0]!.header.length;
			bytes.writeUInt32BE(streamId, 5);
			bytes.writeUInt32BE(streamId, dataAt + 5);
			this.#stampTimeout(bytes, dataAt);
			write(bytes);
			return;
		}
		for (const { header, payload } of this.#parts) {
			const own = Buffer.from(header);
			own.writeUInt32BE(streamId, 5);
			if (payload.length === 0) this.#stampTimeout(own, own.length);
			write(own);
			if (payload.length > 0) write(payload);
		}
	}

	/** The head alone; `sendBody` follows. */
	open(streamId: number, write: (bytes: Uint8Array) => void): void {
		const own = Buffer.from(this.#parts[0]!.header);
		own.writeUInt32BE(streamId, 5);
		this.#stampTimeout(own, own.length);
		write(own);
	}

	/** @returns how many bytes of the body it handed to `write`: at most `allowedBytes` */
	sendBody(
		streamId: number,
		fromByte: number,
		allowedBytes: number,
		write: (bytes: Uint8Array) => void,
	): number {
		const end = Math.min(this.dataBytes, fromByte + allowedBytes);
		let at = fromByte;
		while (at < end) {
			const next = Math.min(end, at + DATA_FRAME_BYTES);
			const isLast = next === this.dataBytes;
			const payload = this.#message.subarray(at, next);
			const flags = isLast ? END_STREAM : 0;
			write(dataHeader(payload.length, flags, streamId));
			write(payload);
			at = next;
		}
		return at - fromByte;
	}

	/** The timeout is the last field: its digits, then the unit, end the block. */
	#stampTimeout(bytes: Buffer, blockEnd: number): void {
		if (this.#hasTimeout) bytes.write(nextTimeout(), blockEnd - 9, "latin1");
	}
}

function headerBlock(host: string, withTimeout: boolean): Buffer {
	const fields = callFields(host, INFER_PATH);
	return withTimeout
		? Buffer.concat([fields, literal("grpc-timeout", `${nextTimeout()}u`)])
		: fields;
}

function dataParts(message: Uint8Array): FramePart[] {
	const parts: FramePart[] = [];
	for (let at = 0; at < message.length; at += DATA_FRAME_BYTES) {
		const payload = message.subarray(at, at + DATA_FRAME_BYTES);
		const last = at + DATA_FRAME_BYTES >= message.length;
		const header = frame(FRAME.data, last ? END_STREAM : 0, 0, payload);
		parts.push({ header: header.subarray(0, FRAME_HEADER_BYTES), payload });
	}
	return parts;
}

/** Of a DATA frame whose payload follows. */
function dataHeader(length: number, flags: number, streamId: number): Buffer {
	const out = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
	out.writeUIntBE(length, 0, 3);
	out[3] = FRAME.data;
	out[4] = flags;
	out.writeUInt32BE(streamId, 5);
	return out;
}
