// Spans that wait for the thread that exports, encoded and in batches. Some records are encoded at a time: what is done
// for one request in a hundred finds neither its code nor its data in a cache, and takes many times as long.
import type { TraceRecord } from "../tracing/trace-record.ts";
import { ProtoBuffer } from "./proto-buffer.ts";
import { SPANS_AT, SpanEncoder } from "./span-encoder.ts";
import { SpanMemory } from "./span-memory.ts";

/** Some records: all their spans, as fields of ScopeSpans. */
export interface SpanBatch {
	/** Of records. */
	readonly count: number;
	/** The spans begin at `SPANS_AT`; who has sent them gives it back. */
	readonly memory: SharedArrayBuffer;
	readonly byteLength: number;
}

/** Collectors take messages of 4 MB over gRPC where nobody told them otherwise; most records have some 1.5 KB. */
const MAX_BATCH_BYTES = 1024 * 1024;

/** Some 0.2 ms of the event loop. */
const ENCODED_AT_ONCE = 32;

export class SpanQueue {
	readonly #batchCount: number;
	/** Not encoded yet. */
	readonly #records: TraceRecord[] = [];
	readonly #encoder = new SpanEncoder();
	readonly #open = new ProtoBuffer();
	readonly #memory = new SpanMemory();
	#openCount = 0;
	readonly #full: SpanBatch[] = [];
	#fullCount = 0;

	/** @param batchCount records of a batch */
	constructor(batchCount: number) {
		this.#batchCount = batchCount;
	}

	/** Records that wait. */
	get length(): number {
		return this.#records.length + this.#openCount + this.#fullCount;
	}

	get hasFullBatch(): boolean {
		return this.#full.length > 0;
	}

	push(record: TraceRecord): void {
		this.#records.push(record);
		if (this.#records.length >= Math.min(ENCODED_AT_ONCE, this.#batchCount))
			this.#encodeAll();
	}

	/** The oldest, full or not; null: nothing waits. */
	shift(): SpanBatch | null {
		if (!this.hasFullBatch) this.#encodeAll();
		const oldest = this.#full.shift();
		if (oldest === undefined)
			return this.#openCount === 0 ? null : this.#close();
		this.#fullCount -= oldest.count;
		return oldest;
	}

	/** Its batch was sent, or given up. */
	giveBack(memory: SharedArrayBuffer): void {
		this.#memory.giveBack(memory);
	}

	#encodeAll(): void {
		for (const record of this.#records) this.#encode(record);
		this.#records.length = 0;
	}

	#encode(record: TraceRecord): void {
		this.#encoder.add(record, this.#open);
		this.#openCount++;
		const isFull =
			this.#openCount >= this.#batchCount ||
			this.#open.byteLength >= MAX_BATCH_BYTES;
		if (!isFull) return;
		this.#fullCount += this.#openCount;
		this.#full.push(this.#close());
	}

	#close(): SpanBatch {
		const count = this.#openCount;
		this.#openCount = 0;
		const { byteLength } = this.#open;
		const memory = this.#memory.take(SPANS_AT + byteLength);
		this.#open.moveTo(new Uint8Array(memory), SPANS_AT);
		return { count, memory, byteLength };
	}
}
