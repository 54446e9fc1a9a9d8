// One StreamTelemetry call under the open loop: every request is a reading, its answer the outcome of that reading.
// Readings whose time has come leave together, as a gateway of many sensors sends them; each still counts from its own
// arrival. What flow control holds back waits here, and its wait counts.
import type { Socket } from "node:net";
import { HpackDecoder } from "@saccade/grpc";
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
import {
	mostReadingBytes,
	readCommand,
	type ToldOutcome,
	writeReading,
} from "./stream-messages.ts";

export interface StreamLoad {
	/** Messages that go before all readings, with their 5-byte prefix: the opening. */
	readonly opening: Uint8Array;
	/** Reading `index` comes of `devices[index % devices.length]`. A stream that names none has at most 64. */
	readonly devices: readonly string[];
	/** Payloads as encoded fields of SensorReading, sent in turn. Empty: plain readings. */
	readonly contents: readonly Uint8Array[];
}

const STREAM_PATH = "/saccade.v1.SensorPipeline/StreamTelemetry";
const STREAM_ID = 1;
const INITIAL_WINDOW_SETTING = 4;
const PREFIX_BYTES = 5;
/** Encoded at once: bounds what waits behind flow control. */
const BATCH_BYTES = 256 * 1024;
const HIGH_WATER_BYTES = 512 * 1024;
const NOTHING = Buffer.alloc(0);

export class StreamLoadConnection implements LoadConnection {
	readonly #load: StreamLoad;
	readonly #deviceIds: readonly Buffer[];
	readonly #tellsDeadline: boolean;
	readonly #fields: Buffer;
	readonly #events: ConnectionEvents;
	readonly #socket: Socket;
	readonly #frames = new FrameReader((type, flags, id, payload) =>
		this.#frame(type, flags, id, payload),
	);
	/** By their numbers. */
	readonly #sent = new Map<number, OpenCall>();
	#queue: OpenCall[] = [];
	#count = 0;
	#lastNs = 0;
	/** Encoded, and held back by flow control. */
	#unsent: Buffer = NOTHING;
	/** The beginning of a message whose end has not come. */
	#partial: Buffer = NOTHING;
	#streamWindow = DEFAULT_WINDOW;
	#connectionWindow = DEFAULT_WINDOW;
	#initialWindow = DEFAULT_WINDOW;
	#consumedBytes = 0;
	#isOpen = false;
	/** Answers of one read are told first; what they let go leaves together. */
	#isReading = false;
	#isClosed = false;

	constructor(target: LoadTarget, load: StreamLoad, events: ConnectionEvents) {
		this.#load = load;
		this.#deviceIds = load.devices.map((id) => Buffer.from(id));
		this.#tellsDeadline = target.tellsDeadline;
		this.#fields = callFields(`${target.host}:${target.port}`, STREAM_PATH);
		this.#events = events;
		this.#socket = openClientSocket(target, {
			read: (chunk) => this.#read(chunk),
			drained: () => this.flush(),
			failed: (error) => this.#fail(error),
		});
	}

	submit(call: OpenCall): void {
		this.#queue.push(call);
	}

	/** A reading cannot be called back: its outcome is not waited for. */
	abandon(call: OpenCall): void {
		call.state = "done";
	}

	destroy(): void {
		this.#isClosed = true;
		this.#socket.destroy();
	}

	flush(): void {
		if (!this.#isOpen || this.#isReading || this.#isClosed) return;
		this.#socket.cork();
		do {
			if (this.#unsent.length === 0) this.#unsent = this.#encodeQueue();
			this.#write();
		} while (this.#queue.length > 0 && this.#unsent.length === 0);
		this.#socket.uncork();
	}

	#encodeQueue(): Buffer {
		const queue = this.#queue;
		if (queue.length === 0) return NOTHING;
		const batch = Buffer.allocUnsafe(this.#batchBytes());
		let end = 0;
		let at = 0;
		for (; at < queue.length; at++) {
			const call = queue[at]!;
			if (call.state !== "waiting") continue;
			const fields = this.#readingOf(call);
			if (end > 0 && end + mostReadingBytes(fields) > batch.length) break;
			call.state = "sent";
			this.#count++;
			this.#lastNs = fields.timestampNs;
			this.#sent.set(fields.sequence, call);
			end = writeReading(batch, end, fields);
		}
		this.#queue = at === queue.length ? [] : queue.slice(at);
		return batch.subarray(0, end);
	}

	/** Enough for the next reading, and for as many as make a batch. */
	#batchBytes(): number {
		const one = mostReadingBytes(this.#readingOf(this.#queue[0]!));
		return Math.max(one, Math.min(BATCH_BYTES, 2 * one * this.#queue.length));
	}

	#readingOf({ index, scheduledUs, deadlineUs }: OpenCall) {
		const { contents } = this.#load;
		return {
			// Each later than the one before: a sensor measures nothing twice.
			timestampNs: Math.max(this.#lastNs + 1, Math.round(scheduledUs * 1000)),
			deviceId: this.#deviceIds[index % this.#deviceIds.length]!,
			value: index,
			sequence: this.#count + 1,
			deadlineNs: this.#tellsDeadline
				? Math.round((deadlineUs - scheduledUs) * 1000)
				: 0,
			content:
				contents.length === 0 ? NOTHING : contents[index % contents.length]!,
		};
	}

	/** As much of what is encoded as flow control allows. */
	#write(): void {
		while (this.#unsent.length > 0) {
			const allowed = Math.min(this.#streamWindow, this.#connectionWindow);
			if (allowed <= 0 || this.#socket.writableLength > HIGH_WATER_BYTES)
				return;
			const length = Math.min(this.#unsent.length, allowed, DATA_FRAME_BYTES);
			this.#socket.write(dataHeader(length, 0, STREAM_ID));
			this.#socket.write(this.#unsent.subarray(0, length));
			this.#unsent = this.#unsent.subarray(length);
			this.#streamWindow -= length;
			this.#connectionWindow -= length;
		}
	}

	#read(chunk: Buffer): void {
		this.#isReading = true;
		this.#frames.read(chunk);
		this.#isReading = false;
		if (this.#consumedBytes > BIG_WINDOW / 4) {
			for (const id of [0, STREAM_ID])
				this.#socket.write(
					frame(FRAME.windowUpdate, 0, id, u32(this.#consumedBytes)),
				);
			this.#consumedBytes = 0;
		}
		this.flush();
	}

	#frame(type: number, flags: number, id: number, payload: Buffer): void {
		switch (type) {
			case FRAME.data:
				this.#consumedBytes += payload.length;
				this.#messages(payload);
				return;
			case FRAME.headers:
				if ((flags & END_STREAM) !== 0) this.#ended(payload);
				return;
			case FRAME.settings:
				if ((flags & ACK) === 0) this.#settings(payload);
				return;
			case FRAME.ping:
				if ((flags & ACK) === 0)
					this.#socket.write(frame(FRAME.ping, ACK, 0, payload));
				return;
			case FRAME.windowUpdate:
				if (id === 0) this.#connectionWindow += payload.readUInt32BE(0);
				else this.#streamWindow += payload.readUInt32BE(0);
				return;
			case FRAME.rst:
				this.#fail(
					new Error(`the stream was reset, ${payload.readUInt32BE()}`),
				);
				return;
			case FRAME.goaway:
				this.#fail(new Error(`GOAWAY: ${payload.subarray(8).toString()}`));
				return;
			default:
		}
	}

	#settings(payload: Buffer): void {
		for (let at = 0; at + 6 <= payload.length; at += 6) {
			if (payload.readUInt16BE(at) !== INITIAL_WINDOW_SETTING) continue;
			const value = payload.readUInt32BE(at + 2);
			this.#streamWindow += value - this.#initialWindow;
			this.#initialWindow = value;
		}
		this.#socket.write(frame(FRAME.settings, ACK, 0, NOTHING));
		if (this.#isOpen) return;
		this.#isOpen = true;
		this.#socket.write(headersFrame(STREAM_ID, this.#fields, null));
		this.#unsent = Buffer.from(this.#load.opening);
	}

	/** Messages lie across frames as they like. */
	#messages(payload: Buffer): void {
		const bytes =
			this.#partial.length === 0
				? payload
				: Buffer.concat([this.#partial, payload]);
		let at = 0;
		while (bytes.length - at >= PREFIX_BYTES) {
			const end = at + PREFIX_BYTES + bytes.readUInt32BE(at + 1);
			if (end > bytes.length) break;
			readCommand(bytes.subarray(at + PREFIX_BYTES, end), this);
			at = end;
		}
		this.#partial =
			at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at));
	}

	/** (command) */
	outcome({ kind, because, sequence }: ToldOutcome, bytes: Buffer): void {
		const call = this.#sent.get(sequence);
		this.#sent.delete(sequence);
		if (call === undefined) {
			this.#fail(
				new Error(`an outcome of reading ${sequence}, which has none`),
			);
			return;
		}
		if (call.state === "done") return;
		call.state = "done";
		this.#events.answered(call, kind, because, bytes);
	}

	/** (command) */
	refused(reason: string): void {
		this.#fail(new Error(`the stream was not opened: ${reason}`));
	}

	#ended(block: Buffer): void {
		const fields = new HpackDecoder(0, 64 * 1024).decode(
			block,
			0,
			block.length,
		);
		const at = (name: string) =>
			typeof fields === "string" ? "" : fields[fields.indexOf(name) + 1];
		this.#fail(
			new Error(
				`the stream ended with status ${at("grpc-status")}: ${at("grpc-message") ?? ""}`,
			),
		);
	}

	#fail(error: Error): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#events.failed(error);
	}
}
