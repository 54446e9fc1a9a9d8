// The client's end of one HTTP/2 connection: the frames that every call needs, and the credit that the server grants
// (RFC 9113, 5.2). Calls wait for it with whoever makes them, not here.
import type { Socket } from "node:net";
import { openClientSocket } from "./client-socket.ts";
import type { LoadTarget } from "./connection.ts";
import { FrameReader } from "./frame-reader.ts";
import {
	ACK,
	BIG_WINDOW,
	CANCEL,
	DATA_FRAME_BYTES,
	DEFAULT_WINDOW,
	dataHeader,
	END_STREAM,
	FRAME,
	frame,
	headersFrame,
	SETTING,
	u32,
} from "./http2-frames.ts";

export interface Http2Stream {
	/** Set when it is opened. */
	streamId: number;
	/** What the server lets it send; the connection's credit bounds it as well. */
	windowBytes: number;
}

export type StreamEnd =
	| { readonly kind: "trailers"; readonly block: Buffer }
	| { readonly kind: "cut"; readonly because: string };

/** Payloads and blocks are valid during the call only. */
export interface LinkEvents<S extends Http2Stream> {
	/** More can be sent, or opened: the server's settings came, something was read, or the socket drained. */
	writable(): void;
	data(stream: S, payload: Buffer): void;
	ended(stream: S, end: StreamEnd): void;
	/** Once. Nothing more can be sent. */
	failed(error: Error): void;
}

/** Bytes in the socket's own queue above which no more is written until it drains. */
const HIGH_WATER_BYTES = 512 * 1024;
const NOTHING = Buffer.alloc(0);

export class Http2Link<S extends Http2Stream> {
	readonly #events: LinkEvents<S>;
	readonly #socket: Socket;
	readonly #reader = new FrameReader((type, flags, id, payload) =>
		this.#frame(type, flags, id, payload),
	);
	readonly #streams = new Map<number, S>();
	#nextId = 1;
	#windowBytes = DEFAULT_WINDOW;
	#initialWindowBytes = DEFAULT_WINDOW;
	#maxStreams = Number.POSITIVE_INFINITY;
	#consumedBytes = 0;
	#isSettled = false;
	#isClosed = false;

	constructor(
		target: Pick<LoadTarget, "host" | "port">,
		events: LinkEvents<S>,
	) {
		this.#events = events;
		this.#socket = openClientSocket(target, {
			read: (chunk) => this.#read(chunk),
			drained: () => this.#events.writable(),
			failed: (error) => this.#fail(error),
		});
	}

	/** The server has said what it allows, and nothing has failed. */
	get isReady(): boolean {
		return this.#isSettled && !this.#isClosed;
	}

	/** What is written lies in the socket's queue. */
	get isFull(): boolean {
		return this.#socket.writableLength > HIGH_WATER_BYTES;
	}

	get canOpen(): boolean {
		return this.#streams.size < this.#maxStreams && this.#windowBytes > 0;
	}

	/** What `write` writes leaves in as few packets as it fits. */
	together(write: () => void): void {
		this.#socket.cork();
		write();
		this.#socket.uncork();
	}

	/** @param fields from `callFields` @param timeoutUs left for it; null: untold */
	open(stream: S, fields: Buffer, timeoutUs: number | null): void {
		stream.streamId = this.#nextId;
		stream.windowBytes = this.#initialWindowBytes;
		this.#nextId += 2;
		this.#streams.set(stream.streamId, stream);
		this.#socket.write(headersFrame(stream.streamId, fields, timeoutUs));
	}

	/** As much of `bytes` as is allowed now. @returns how much that is */
	send(stream: S, bytes: Uint8Array, isLast: boolean): number {
		let sent = 0;
		while (sent < bytes.length && !this.isFull) {
			const allowed = Math.min(stream.windowBytes, this.#windowBytes);
			if (allowed <= 0) break;
			const left = bytes.length - sent;
			const length = Math.min(left, allowed, DATA_FRAME_BYTES);
			const flags = isLast && length === left ? END_STREAM : 0;
			this.#socket.write(dataHeader(length, flags, stream.streamId));
			this.#socket.write(bytes.subarray(sent, sent + length));
			sent += length;
			stream.windowBytes -= length;
			this.#windowBytes -= length;
		}
		return sent;
	}

	/** Grants the server what it has used of the stream; the connection's share is granted here. */
	grant({ streamId }: S, bytes: number): void {
		this.#socket.write(frame(FRAME.windowUpdate, 0, streamId, u32(bytes)));
	}

	reset({ streamId }: S): void {
		this.#streams.delete(streamId);
		this.#socket.write(frame(FRAME.rst, 0, streamId, u32(CANCEL)));
	}

	destroy(): void {
		this.#isClosed = true;
		this.#socket.destroy();
	}

	#read(chunk: Buffer): void {
		this.#reader.read(chunk);
		if (this.#consumedBytes > BIG_WINDOW / 4) {
			this.#socket.write(
				frame(FRAME.windowUpdate, 0, 0, u32(this.#consumedBytes)),
			);
			this.#consumedBytes = 0;
		}
		this.#events.writable();
	}

	#frame(type: number, flags: number, id: number, payload: Buffer): void {
		const isEnd = (flags & END_STREAM) !== 0;
		switch (type) {
			case FRAME.data: {
				this.#consumedBytes += payload.length;
				const stream = this.#streams.get(id);
				if (stream !== undefined) this.#events.data(stream, payload);
				if (isEnd) this.#end(id, { kind: "cut", because: "no trailers" });
				return;
			}
			case FRAME.headers:
				if (isEnd) this.#end(id, { kind: "trailers", block: payload });
				return;
			case FRAME.settings:
				if ((flags & ACK) === 0) this.#settings(payload);
				return;
			case FRAME.ping:
				if ((flags & ACK) === 0)
					this.#socket.write(frame(FRAME.ping, ACK, 0, payload));
				return;
			case FRAME.windowUpdate:
				this.#credit(id, payload.readUInt32BE(0));
				return;
			case FRAME.rst:
				this.#end(id, {
					kind: "cut",
					because: `reset with ${payload.readUInt32BE(0)}`,
				});
				return;
			case FRAME.goaway:
				this.#fail(new Error(`GOAWAY: ${payload.subarray(8).toString()}`));
				return;
			default:
		}
	}

	#settings(payload: Buffer): void {
		for (let at = 0; at + 6 <= payload.length; at += 6) {
			const value = payload.readUInt32BE(at + 2);
			const id = payload.readUInt16BE(at);
			if (id === SETTING.maxConcurrentStreams) this.#maxStreams = value;
			if (id !== SETTING.initialWindow) continue;
			const change = value - this.#initialWindowBytes;
			this.#initialWindowBytes = value;
			for (const stream of this.#streams.values()) stream.windowBytes += change;
		}
		this.#socket.write(frame(FRAME.settings, ACK, 0, NOTHING));
		this.#isSettled = true;
	}

	#credit(id: number, bytes: number): void {
		if (id === 0) this.#windowBytes += bytes;
		const stream = this.#streams.get(id);
		if (stream !== undefined) stream.windowBytes += bytes;
	}

	#end(id: number, end: StreamEnd): void {
		const stream = this.#streams.get(id);
		if (stream === undefined) return;
		this.#streams.delete(id);
		this.#events.ended(stream, end);
	}

	#fail(error: Error): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#events.failed(error);
	}
}
