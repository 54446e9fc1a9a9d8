// What a connection sends: frames are written into one buffer and leave with one write per tick. The buffer is
// reused unless the kernel did not take all of it, because then the socket still reads from it. While the kernel is
// behind, and over TLS always, small writes are copied: a buffer each would cost many times what is written.
//
// What does not lie in the order in which it leaves, or does not fit, is kept as pieces until the flush:
//
//   buffer   ┌ small frames ┬ header 1 2 3 ┬ payload, written once ┬ small frames ┐
//   leaves     small frames · header 1 · piece 1 · header 2 · piece 2 · … · small frames
import type { Socket } from "node:net";
import { FRAME_HEADER_BYTES } from "./constants.ts";
import { copyBytes } from "./copy-bytes.ts";
import { outputBuffers } from "./output-buffers.ts";

const BUFFER_BYTES = 64 * 1024;

export class Output {
	readonly #socket: Socket;
	/** TLS encrypts after `write` returned. */
	readonly #isDeferred: boolean;
	#buffer: Buffer<ArrayBuffer> = outputBuffers.take(BUFFER_BYTES);
	#used = 0;
	/** Where in `buffer` that begins which is no piece yet. */
	#unsealedAt = 0;
	#pieces: Buffer[] = [];
	#pieceBytes = 0;
	/** Buffers that only pieces point to. */
	#full: Buffer<ArrayBuffer>[] = [];

	constructor(socket: Socket) {
		this.#socket = socket;
		this.#isDeferred = "encrypted" in socket;
	}

	/** Bytes that the kernel has not taken yet. */
	get backlogBytes(): number {
		const unsealed = this.#used - this.#unsealedAt;
		return this.#socket.writableLength + this.#pieceBytes + unsealed;
	}

	get isEmpty(): boolean {
		return this.#used === 0 && this.#pieces.length === 0;
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

	/** What was written before `offset`, and is no piece yet, leaves before any piece that follows. */
	sealBefore(offset: number): void {
		this.#piece(this.#unsealedAt, offset);
		this.#unsealedAt = offset;
	}

	/** Lets `buffer[start, end)`, which was reserved behind what is sealed, leave next. */
	sendPiece(start: number, end: number): void {
		this.#piece(start, end);
		this.#unsealedAt = this.#used;
	}

	/** Hands everything to the socket. */
	flush(): void {
		if (this.#pieces.length > 0) this.#flushPieces();
		else if (this.#used > 0) this.#flushBuffer();
	}

	#flushPieces(): void {
		const socket = this.#socket;
		this.sealBefore(this.#used);
		const isRead = this.#full;
		const last = this.#pieces.pop()!;
		socket.cork();
		for (const piece of this.#pieces) socket.write(piece);
		// Called later, even when the kernel took everything at once.
		socket.write(last, (error) => {
			if (error) return;
			for (const buffer of isRead) outputBuffers.giveBack(buffer);
		});
		socket.uncork();
		this.#pieces = [];
		this.#pieceBytes = 0;
		this.#full = [];
		const isTaken = !this.#isDeferred && socket.writableLength === 0;
		const isLarge = this.#buffer.length > BUFFER_BYTES;
		if (isLarge || !isTaken) {
			isRead.push(this.#buffer);
			this.#buffer = outputBuffers.take(BUFFER_BYTES);
		}
		this.#used = 0;
		this.#unsealedAt = 0;
	}

	#flushBuffer(): void {
		const socket = this.#socket;
		const bytes = this.#buffer.subarray(0, this.#used);
		const isSmall = bytes.length <= BUFFER_BYTES / 2;
		if (isSmall && (this.#isDeferred || socket.writableLength > 0)) {
			socket.write(copyBytes(bytes, 0, bytes.length));
		} else {
			socket.write(bytes);
			// One that grew for a large answer is not kept for the next.
			const isLarge = this.#buffer.length > BUFFER_BYTES;
			if (isLarge || socket.writableLength > 0)
				this.#buffer = outputBuffers.take(BUFFER_BYTES);
		}
		this.#used = 0;
		this.#unsealedAt = 0;
	}

	#spill(byteLength: number): void {
		this.sealBefore(this.#used);
		// Empty: nothing points to it.
		if (this.#used > 0) this.#full.push(this.#buffer);
		else outputBuffers.giveBack(this.#buffer);
		this.#buffer = outputBuffers.take(Math.max(byteLength, BUFFER_BYTES));
		this.#used = 0;
		this.#unsealedAt = 0;
	}

	#piece(start: number, end: number): void {
		if (start === end) return;
		this.#pieces.push(this.#buffer.subarray(start, end));
		this.#pieceBytes += end - start;
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
