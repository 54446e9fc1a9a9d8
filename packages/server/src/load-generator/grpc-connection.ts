// One HTTP/2 connection of the open-loop generator. Calls wait here, not in the kernel, for what the server allows:
// streams, credit of the stream and of the connection. The deadline that a call carries is what is left of it when
// its head is written. An answer that comes before the body was sent ends the sending, as gRPC clients do it.
import type { Socket } from "node:net";
import { HpackDecoder } from "@saccade/grpc";
import { HEADER } from "@saccade/protocol";
import { openClientSocket } from "./client-socket.ts";
import type {
	ConnectionEvents,
	LoadConnection,
	LoadTarget,
	OpenCall,
} from "./connection.ts";
import { FrameReader } from "./frame-reader.ts";
import {
	ACK,
	BIG_WINDOW,
	callFields,
	DATA_FRAME_BYTES,
	DEFAULT_WINDOW,
	dataHeader,
	END_STREAM,
	FRAME,
	frame,
	headersFrame,
	u32,
} from "./http2-frames.ts";
import type { AnswerKind } from "./outcome.ts";

const SETTING = { maxConcurrentStreams: 3, initialWindow: 4 } as const;
const CANCEL = 8;
/** Bytes in the socket's own queue above which no more is written until it drains. */
const HIGH_WATER_BYTES = 512 * 1024;
const NO_TABLE_BYTES = 0;
const MAX_LIST_BYTES = 64 * 1024;

/** https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
const KIND_OF_STATUS: ReadonlyMap<number, AnswerKind> = new Map([
	[0, "ok"],
	[4, "expired"],
	[8, "shed"],
	[14, "shed"],
]);

export class GrpcLoadConnection implements LoadConnection {
	readonly #fields: Buffer;
	readonly #tellsDeadline: boolean;
	readonly #messages: readonly Uint8Array[];
	readonly #events: ConnectionEvents;
	readonly #socket: Socket;
	readonly #reader = new FrameReader((type, flags, id, payload) =>
		this.#frame(type, flags, id, payload),
	);
	readonly #hpack = new HpackDecoder(NO_TABLE_BYTES, MAX_LIST_BYTES);
	readonly #streams = new Map<number, OpenCall>();
	/** In the order of arrival; those that are done are skipped. */
	#queue: OpenCall[] = [];
	#nextId = 1;
	#windowBytes = DEFAULT_WINDOW;
	#initialWindowBytes = DEFAULT_WINDOW;
	#maxStreams = Number.POSITIVE_INFINITY;
	#consumedBytes = 0;
	#settled = false;
	#closed = false;

	/** @param path of the method @param messages with their 5-byte prefix */
	constructor(
		target: LoadTarget,
		path: string,
		messages: readonly Uint8Array[],
		events: ConnectionEvents,
	) {
		this.#fields = callFields(`${target.host}:${target.port}`, path);
		this.#tellsDeadline = target.tellsDeadline;
		this.#messages = messages;
		this.#events = events;
		this.#socket = openClientSocket(target, {
			read: (chunk) => this.#read(chunk),
			drained: () => this.flush(),
			failed: (error) => this.#fail(error),
		});
	}

	/** Sent by the next `flush`, or as soon as the server allows. */
	submit(call: OpenCall): void {
		this.#queue.push(call);
	}

	/** The client waits for it no longer. */
	abandon(call: OpenCall): void {
		const { state, streamId } = call;
		call.state = "done";
		if (state === "waiting") return;
		this.#streams.delete(streamId);
		this.#socket.write(frame(FRAME.rst, 0, streamId, u32(CANCEL)));
	}

	destroy(): void {
		this.#closed = true;
		this.#socket.destroy();
	}

	flush(): void {
		if (!this.#settled || this.#queue.length === 0) return;
		this.#socket.cork();
		let kept = 0;
		let at = 0;
		for (; at < this.#queue.length; at++) {
			if (this.#socket.writableLength > HIGH_WATER_BYTES) break;
			const call = this.#queue[at]!;
			this.#send(call);
			// Waits for credit or for a stream: later calls may have what it lacks.
			if (call.state === "waiting" || call.state === "sending")
				this.#queue[kept++] = call;
		}
		if (kept < at) this.#queue.splice(kept, at - kept);
		this.#socket.uncork();
	}

	#send(call: OpenCall): void {
		if (call.state === "waiting") {
			if (this.#streams.size >= this.#maxStreams || this.#windowBytes <= 0)
				return;
			this.#open(call);
		}
		if (call.state !== "sending") return;
		const message = this.#messages[call.index]!;
		while (call.sentBytes < message.length) {
			const allowed = Math.min(call.windowBytes, this.#windowBytes);
			if (allowed <= 0 || this.#socket.writableLength > HIGH_WATER_BYTES)
				return;
			const left = message.length - call.sentBytes;
			const length = Math.min(left, allowed, DATA_FRAME_BYTES);
			const end = call.sentBytes + length;
			const flags = length === left ? END_STREAM : 0;
			this.#socket.write(dataHeader(length, flags, call.streamId));
			this.#socket.write(message.subarray(call.sentBytes, end));
			call.sentBytes = end;
			call.windowBytes -= length;
			this.#windowBytes -= length;
		}
		call.state = "sent";
	}

	#open(call: OpenCall): void {
		const leftUs = call.deadlineUs - performance.now() * 1000;
		// No time is left: the client itself ends such a call, later.
		if (leftUs < 1) return;
		call.state = "sending";
		call.streamId = this.#nextId;
		call.windowBytes = this.#initialWindowBytes;
		this.#nextId += 2;
		this.#streams.set(call.streamId, call);
		this.#socket.write(
			headersFrame(
				call.streamId,
				this.#fields,
				this.#tellsDeadline ? leftUs : null,
			),
		);
	}

	#read(chunk: Buffer): void {
		this.#reader.read(chunk);
		if (this.#consumedBytes > BIG_WINDOW / 4) {
			this.#socket.write(
				frame(FRAME.windowUpdate, 0, 0, u32(this.#consumedBytes)),
			);
			this.#consumedBytes = 0;
		}
		this.flush();
	}

	#frame(type: number, flags: number, id: number, payload: Buffer): void {
		switch (type) {
			case FRAME.data:
				this.#consumedBytes += payload.length;
				this.#streams.get(id)?.parts.push(Buffer.from(payload));
				if ((flags & END_STREAM) !== 0) this.#finish(id, "failed", "");
				return;
			case FRAME.headers:
				if ((flags & END_STREAM) !== 0) this.#trailers(id, payload);
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
				this.#finish(id, "failed", "");
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
			for (const call of this.#streams.values()) call.windowBytes += change;
		}
		this.#socket.write(frame(FRAME.settings, ACK, 0, Buffer.alloc(0)));
		this.#settled = true;
	}

	#credit(id: number, bytes: number): void {
		if (id === 0) this.#windowBytes += bytes;
		const call = this.#streams.get(id);
		if (call !== undefined) call.windowBytes += bytes;
	}

	#trailers(id: number, block: Buffer): void {
		const fields = this.#hpack.decode(block, 0, block.length);
		const at = (name: string) => {
			const index = fields.indexOf(name);
			return typeof fields === "string" || index < 0
				? null
				: (fields[index + 1] ?? null);
		};
		const status = at("grpc-status");
		const because = at(HEADER.refusedBecause) ?? "";
		const kind = KIND_OF_STATUS.get(Number(status ?? Number.NaN)) ?? "failed";
		this.#finish(id, kind, because);
	}

	#finish(id: number, kind: AnswerKind, because: string): void {
		const call = this.#streams.get(id);
		if (call === undefined) return;
		this.#streams.delete(id);
		if (call.state === "sending")
			this.#socket.write(frame(FRAME.rst, 0, id, u32(CANCEL)));
		call.state = "done";
		const [first] = call.parts;
		const message =
			call.parts.length === 1 && first !== undefined
				? first
				: Buffer.concat(call.parts);
		this.#events.answered(call, kind, because, message);
	}

	#fail(error: Error): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#events.failed(error);
	}
}
