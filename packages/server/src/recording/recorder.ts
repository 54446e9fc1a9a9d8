// Takes messages on the event loop and never waits: they are packed, and a thread writes them. What it cannot keep up
// with is dropped and counted, and the file says how much is missing where it is missing.
//
//   opening ──▶ recording ──close()──▶ ending ──▶ ended
//      └────────────┴── the disk, the limit ─────▶ ended, with the reason
import type { Worker } from "node:worker_threads";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { ChannelSpec } from "./mcap-file.ts";
import { MessageBatch } from "./message-batch.ts";
import type {
	FromRecordingThread,
	RecordingThreadData,
	ToRecordingThread,
} from "./recording-thread.ts";

export interface RecorderOptions {
	/** Of a file that is not there yet. */
	readonly path: string;
	/** Who writes, in the file's header. */
	readonly library: string;
	/** Size at which it ends by itself, in bytes. */
	readonly maxBytes: number;
	/** Messages that may wait for the disk, in bytes. @default 64 MiB: two seconds of a LiDAR and four cameras */
	readonly maxWaitingBytes?: number;
	/** A chunk that is not full is written after so long, in ms: what a kill costs. @default 200 */
	readonly flushAfterMs?: number;
	/** It ended by itself: the disk, or the limit. */
	readonly onEnd?: (status: RecorderStatus) => void;
}

export type RecorderState = "opening" | "recording" | "ending" | "ended";

export interface RecorderStatus {
	readonly state: RecorderState;
	readonly path: string;
	readonly fileBytes: number;
	readonly messageCount: number;
	readonly droppedCount: number;
	/** Why it ended; null while it has not, and when it was asked to. */
	readonly problem: string | null;
}

const DEFAULTS = { maxWaitingBytes: 64 * 1024 * 1024, flushAfterMs: 200 };
/** A batch leaves when it is this large, or old. */
const BATCH_BYTES = 256 * 1024;
const BATCH_MS = 20;

/** Where a file is not whole. */
const DROPS: ChannelSpec = {
	topic: "/saccade/dropped",
	messageEncoding: "json",
	schemaName: "saccade.DroppedMessages",
	schemaEncoding: "jsonschema",
	schema: new TextEncoder().encode(
		JSON.stringify({
			type: "object",
			properties: {
				dropped: {
					type: "integer",
					description: "messages lost until here, because the disk was slow",
				},
			},
		}),
	),
};

export class Recorder {
	readonly #options: Required<Omit<RecorderOptions, "onEnd">>;
	readonly #onEnd: (status: RecorderStatus) => void;
	readonly #channels = new Map<ChannelSpec, number>();
	#newChannels: { readonly id: number; readonly spec: ChannelSpec }[] = [];
	readonly #batch = new MessageBatch();
	#worker: Worker | null = null;
	#state: RecorderState = "opening";
	#waitingBytes = 0;
	#fileBytes = 0;
	#messageCount = 0;
	#droppedCount = 0;
	#toldDropped = 0;
	#lastLogTime = 0n;
	#problem: string | null = null;
	#batchTimer: NodeJS.Timeout | null = null;
	readonly #settle = Promise.withResolvers<void>();
	readonly #ended = Promise.withResolvers<void>();

	constructor({ onEnd, ...options }: RecorderOptions) {
		this.#options = { ...DEFAULTS, ...options };
		this.#onEnd = onEnd ?? (() => {});
	}

	/** Throws ALREADY_EXISTS where there is such a file, else UNAVAILABLE with what the system says. */
	async open(): Promise<void> {
		const { Worker } = process.getBuiltinModule("node:worker_threads");
		const isSource = import.meta.url.endsWith(".ts");
		const file = isSource ? "recording-worker.ts" : "recording-worker.js";
		const { path, library, flushAfterMs } = this.#options;
		const workerData: RecordingThreadData = { path, library, flushAfterMs };
		const worker = new Worker(new URL(file, import.meta.url), {
			name: "recording",
			workerData,
			// A launcher that resolves to sources does so in its own thread only.
			...(isSource && { execArgv: ["--conditions=source"] }),
		});
		worker.unref();
		worker.on("message", (message: FromRecordingThread) =>
			this.#heard(message),
		);
		worker.on("error", (error) => this.#end(error.message, ""));
		worker.on("exit", () => this.#end("the thread that writes it ended", ""));
		this.#worker = worker;
		worker.ref();
		await this.#settle.promise;
		worker.unref();
	}

	/** False: it was dropped. @param data is copied */
	write(
		spec: ChannelSpec,
		logTime: bigint,
		publishTime: bigint,
		data: Uint8Array,
	): boolean {
		if (this.#state !== "recording") return false;
		if (
			this.#waitingBytes + this.#batch.byteLength + data.byteLength >
			this.#options.maxWaitingBytes
		) {
			this.#droppedCount++;
			return false;
		}
		if (this.#toldDropped < this.#droppedCount) this.#tellDropped(logTime);
		this.#add(spec, logTime, publishTime, data);
		if (this.#batch.byteLength >= BATCH_BYTES) this.#send();
		else this.#batchTimer ??= setTimeout(this.#send, BATCH_MS).unref();
		return true;
	}

	status(): RecorderStatus {
		return {
			state: this.#state,
			path: this.#options.path,
			fileBytes: this.#fileBytes,
			messageCount: this.#messageCount,
			droppedCount: this.#droppedCount,
			problem: this.#problem,
		};
	}

	/** Writes what waits and the summary. Never throws: the status says what went wrong. */
	async close(): Promise<RecorderStatus> {
		if (this.#state === "recording") {
			if (this.#toldDropped < this.#droppedCount)
				this.#tellDropped(this.#lastLogTime);
			this.#send();
			this.#state = "ending";
			this.#worker?.ref();
			this.#post({ kind: "end" }, []);
		}
		await this.#ended.promise;
		return this.status();
	}

	#add(
		spec: ChannelSpec,
		logTime: bigint,
		publishTime: bigint,
		data: Uint8Array,
	): void {
		let channelId = this.#channels.get(spec);
		if (channelId === undefined) {
			channelId = this.#channels.size + 1;
			this.#channels.set(spec, channelId);
			this.#newChannels.push({ id: channelId, spec });
		}
		this.#lastLogTime = logTime;
		const sequence = this.#messageCount++ % 0x1_0000_0000;
		this.#batch.add({ channelId, sequence, logTime, publishTime, data });
	}

	#tellDropped(logTime: bigint): void {
		this.#toldDropped = this.#droppedCount;
		const text = JSON.stringify({ dropped: this.#droppedCount });
		this.#add(DROPS, logTime, logTime, new TextEncoder().encode(text));
	}

	readonly #send = (): void => {
		if (this.#batchTimer !== null) clearTimeout(this.#batchTimer);
		this.#batchTimer = null;
		if (this.#state !== "recording" || this.#batch.byteLength === 0) return;
		const bytes = this.#batch.take();
		this.#waitingBytes += bytes.byteLength;
		const channels = this.#newChannels;
		this.#newChannels = [];
		this.#post({ kind: "batch", channels, bytes }, [bytes.buffer]);
	};

	#post(message: ToRecordingThread, moved: readonly ArrayBuffer[]): void {
		this.#worker?.postMessage(message, [...moved]);
	}

	#heard(message: FromRecordingThread): void {
		switch (message.kind) {
			case "open":
				this.#state = "recording";
				this.#settle.resolve();
				return;
			case "written":
				this.#waitingBytes -= message.takenBytes;
				this.#fileBytes = message.fileBytes;
				if (this.#state === "recording" && this.#isFull()) this.#endFull();
				return;
			case "ended":
				this.#fileBytes = message.fileBytes;
				this.#end(this.#problem, "");
				return;
			case "failed":
				this.#end(message.text, message.code);
				return;
		}
	}

	#isFull(): boolean {
		return this.#fileBytes >= this.#options.maxBytes;
	}

	#endFull(): void {
		this.#problem = `it reached ${this.#options.maxBytes} bytes, which is its limit`;
		void this.close();
	}

	#end(problem: string | null, code: string): void {
		if (this.#state === "ended") return;
		const wasOpening = this.#state === "opening";
		this.#state = "ended";
		this.#problem = problem;
		if (this.#batchTimer !== null) clearTimeout(this.#batchTimer);
		void this.#worker?.terminate();
		this.#ended.resolve();
		if (wasOpening)
			this.#settle.reject(
				new SaccadeError(
					code === "EEXIST" ? "ALREADY_EXISTS" : "UNAVAILABLE",
					`the recording ${this.#options.path} cannot be written: ${problem}`,
				),
			);
		else this.#onEnd(this.status());
	}
}
