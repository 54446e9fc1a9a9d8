// One StreamTelemetry call under the open loop: every request is a reading, its answer the outcome of that reading.
// Readings whose time has come leave together, as a gateway of many sensors sends them; each still counts from its own
// arrival. What flow control holds back waits here, and its wait counts.
import type {
	ConnectionEvents,
	LoadConnection,
	LoadTarget,
	OpenCall,
} from "./connection.ts";
import { BIG_WINDOW, callFields } from "./http2-frames.ts";
import { Http2Link, type Http2Stream, type StreamEnd } from "./http2-link.ts";
import {
	mostReadingBytes,
	readCommand,
	type ToldOutcome,
	writeReading,
} from "./stream-messages.ts";
import { readTrailers } from "./trailers.ts";

export interface StreamLoad {
	/** Messages that go before all readings, with their 5-byte prefix: the opening. */
	readonly opening: Uint8Array;
	/** Reading `index` comes of `devices[index % devices.length]`. A stream that names none has at most 64. */
	readonly devices: readonly string[];
	/** Payloads as encoded fields of SensorReading, sent in turn. Empty: plain readings. */
	readonly contents: readonly Uint8Array[];
}

const STREAM_PATH = "/saccade.v1.SensorPipeline/StreamTelemetry";
const PREFIX_BYTES = 5;
/** Encoded at once: bounds what waits behind flow control. */
const BATCH_BYTES = 256 * 1024;
const NOTHING = Buffer.alloc(0);

export class StreamLoadConnection implements LoadConnection {
	readonly #load: StreamLoad;
	readonly #deviceIds: readonly Buffer[];
	readonly #tellsDeadline: boolean;
	readonly #fields: Buffer;
	readonly #events: ConnectionEvents;
	readonly #link: Http2Link<Http2Stream>;
	/** The call, once it is open. */
	#call: Http2Stream | null = null;
	/** By their numbers. */
	readonly #sent = new Map<number, OpenCall>();
	#queue: OpenCall[] = [];
	#count = 0;
	#lastNs = 0;
	/** Encoded, and held back by flow control. */
	#unsent: Buffer = NOTHING;
	/** The beginning of a message whose end has not come. */
	#partial: Buffer = NOTHING;
	#consumedBytes = 0;
	/** Answers of one read are told first; what they let go leaves together. */
	#isTelling = false;
	#isClosed = false;

	constructor(target: LoadTarget, load: StreamLoad, events: ConnectionEvents) {
		this.#load = load;
		this.#deviceIds = load.devices.map((id) => Buffer.from(id));
		this.#tellsDeadline = target.tellsDeadline;
		this.#fields = callFields(`${target.host}:${target.port}`, STREAM_PATH);
		this.#events = events;
		this.#link = new Http2Link(target, {
			writable: () => this.#writable(),
			data: (call, payload) => this.#data(call, payload),
			ended: (_, end) => this.#fail(new Error(ending(end))),
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
		this.#link.destroy();
	}

	flush(): void {
		const call = this.#call;
		if (call === null || this.#isTelling || this.#isClosed) return;
		this.#link.together(() => {
			do {
				if (this.#unsent.length === 0) this.#unsent = this.#encodeQueue();
				const sent = this.#link.send(call, this.#unsent, false);
				this.#unsent = this.#unsent.subarray(sent);
			} while (this.#queue.length > 0 && this.#unsent.length === 0);
		});
	}

	#writable(): void {
		this.#isTelling = false;
		if (this.#call === null && this.#link.isReady) this.#open();
		this.flush();
	}

	#open(): void {
		this.#call = { streamId: 0, windowBytes: 0 };
		this.#link.open(this.#call, this.#fields, null);
		this.#unsent = Buffer.from(this.#load.opening);
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

	#data(call: Http2Stream, payload: Buffer): void {
		this.#isTelling = true;
		this.#messages(payload);
		this.#consumedBytes += payload.length;
		if (this.#consumedBytes <= BIG_WINDOW / 4) return;
		this.#link.grant(call, this.#consumedBytes);
		this.#consumedBytes = 0;
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

	#fail(error: Error): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#events.failed(error);
	}
}

function ending(end: StreamEnd): string {
	if (end.kind === "cut") return `the stream was cut: ${end.because}`;
	const field = readTrailers(end.block);
	return `the stream ended with status ${field("grpc-status")}: ${field("grpc-message") ?? ""}`;
}
