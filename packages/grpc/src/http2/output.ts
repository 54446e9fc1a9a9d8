// What a connection sends: frames are written into one buffer and leave with one write per tick. The buffer is
// reused unless the kernel did not take all of it, because then the socket still reads from it. While the kernel is
// behind, and over TLS always, small writes are copied: a buffer each would cost many times what is written.
import type { Socket } from "node:net";
import { FRAME_HEADER_BYTES } from "./constants.ts";
import { copyBytes } from "./copy-bytes.ts";

const BUFFER_BYTES = 64 * 1024;

export class Output {
	readonly #socket: Socket;
	/** TLS encrypts after `write` returned. */
	readonly #isDeferred: boolean;
	#buffer: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(BUFFER_BYTES);
	#used = 0;
	#full: Buffer[] = [];
	#fullBytes = 0;

	constructor(socket: Socket) {
		this.#socket = socket;
		this.#isDeferred = "encrypted" in socket;
	}

	/** Bytes that the kernel has not taken yet. */
	get backlogBytes(): number {
		return this.#socket.writableLength + this.#fullBytes + this.#used;
	}

	get isEmpty(): boolean {
		return this.#used === 0 && this.#full.length === 0;
	}

	/** Room for `byteLength` bytes: they are written at the returned offset of `buffer`, at once. */
	reserve(byteLength: number): number {
		if (this.#used + byteLength > this.#buffer.length) this.#spill(byteLength);
		const offset = this.#used;
		this.#used += byteLength;
		return offset;
	}

	/** Gives back what was reserved last, from `offset` on. */
	takeBack(offset: number): void {
		this.#used = offset;
	}

	get buffer(): Buffer<ArrayBuffer> {
		return this.#buffer;
	}

	bytes(source: Uint8Array): void {
		const offset = this.reserve(source.length);
		this.#buffer.set(source, offset);
	}

	/** A whole frame with a payload of ours. */
	frame(
		type: number,
		flags: number,
		streamId: number,
		payload: Uint8Array,
	): void {
		const offset = this.frameHeader(payload.length, type, flags, streamId);
		this.#buffer.set(payload, offset);
	}

	/** Writes a frame header and makes room for the payload; returns the payload's offset in `buffer`. */
	frameHeader(
		payloadBytes: number,
		type: number,
		flags: number,
		streamId: number,
	): number {
		const at = this.reserve(FRAME_HEADER_BYTES + payloadBytes);
		const buffer = this.#buffer;
		buffer[at] = payloadBytes >>> 16;
		buffer[at + 1] = payloadBytes >>> 8;
		buffer[at + 2] = payloadBytes;
		buffer[at + 3] = type;
		buffer[at + 4] = flags;
		writeUint32(buffer, at + 5, streamId);
		return at + FRAME_HEADER_BYTES;
	}

	/** Hands everything to the socket. */
	flush(): void {
		const socket = this.#socket;
		if (this.#full.length > 0) {
			socket.cork();
			for (const buffer of this.#full) socket.write(buffer);
			if (this.#used > 0) socket.write(this.#buffer.subarray(0, this.#used));
			socket.uncork();
			this.#full = [];
			this.#fullBytes = 0;
			this.#renew();
			return;
		}
		if (this.#used === 0) return;
		const bytes = this.#buffer.subarray(0, this.#used);
		const isSmall = bytes.length <= BUFFER_BYTES / 2;
		if (isSmall && (this.#isDeferred || socket.writableLength > 0)) {
			socket.write(copyBytes(bytes, 0, bytes.length));
		} else {
			socket.write(bytes);
			// One that grew for a large answer is not kept for the next.
			const isLarge = this.#buffer.length > BUFFER_BYTES;
			if (isLarge || socket.writableLength > 0) this.#renew();
		}
		this.#used = 0;
	}

	#renew(): void {
		this.#buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
		this.#used = 0;
	}

	#spill(byteLength: number): void {
		if (this.#used > 0) this.#full.push(this.#buffer.subarray(0, this.#used));
		this.#fullBytes += this.#used;
		this.#buffer = Buffer.allocUnsafeSlow(Math.max(BUFFER_BYTES, byteLength));
		this.#used = 0;
	}
}

export function writeUint32(
	target: Uint8Array,
	at: number,
	value: number,
): void {
	target[at] = value >>> 24;
	target[at + 1] = value >>> 16;
	target[at + 2] = value >>> 8;
	target[at + 3] = value;
}
