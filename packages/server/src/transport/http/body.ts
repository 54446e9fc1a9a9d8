// Request bodies: bounded, landed once in a slot where the length is known, inflated off the loop where compressed.
// Whatever is kept is taken from the pool's limit as it arrives, and given back with the body's lease.
import { createUnzip } from "node:zlib";
import { noMemory } from "../../endpoint/body-memory.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { copiedBytes } from "../../tensor/copied-bytes.ts";
import type {
	ArrivingPlacement,
	Reservation,
	SlotPool,
} from "../../tensor/slot-pool.ts";
import type { Lease } from "../../tensor/tensor.ts";
import type { Exchange } from "./exchange.ts";

export interface Body {
	readonly bytes: Uint8Array;
	readonly lease: Lease;
	/** Nobody else has a view on this memory: it may move to another thread, where the lease only counts it. */
	readonly isOwned: boolean;
}

export interface BodyLimits {
	readonly pool: SlotPool;
	/** Largest decompressed body, and largest body of unknown length. */
	readonly maxInputBytes: number;
}

export interface Landing extends BodyLimits {
	/** Larger bodies get memory of their own in place of a pooled slot. */
	readonly ownAboveBytes: number;
	/** Which byte should lie on a cache line: the first of the first tensor. */
	readonly alignAt: number;
}

/** Called once: the body, or why there is none. Null error and null body: the client left. */
export type BodyDone = (error: SaccadeError | null, body: Body | null) => void;

const MAX_CHUNKS = 65_536;
const MAX_INFLATE_RATIO = 200;
/** However small a body is, it may inflate to this much. */
const MIN_INFLATE_BYTES = 64 * 1024;
const INFLATE_CHUNK_BYTES = 64 * 1024;
const ENCODINGS = "gzip, deflate";

export function readBody(
	exchange: Exchange,
	limits: Landing,
	done: BodyDone,
): void {
	const length = exchange.header("content-length");
	const encoding = exchange.header("content-encoding")?.toLowerCase();
	const isPlain = encoding === undefined || encoding === "identity";
	if (!isPlain && encoding !== "gzip" && encoding !== "deflate") {
		done(
			new SaccadeError("UNSUPPORTED", "Unsupported compression type", {
				details: { acceptEncoding: ENCODINGS },
			}),
			null,
		);
		return;
	}
	const finish: BodyDone = isPlain
		? done
		: (error, body) => {
				if (body === null) done(error, null);
				else inflateBody(body, encoding, limits, done);
			};
	if (length === undefined) collectChunks(exchange, limits, finish);
	else landKnown(exchange, Number(length), limits, finish);
}

function landKnown(
	exchange: Exchange,
	byteLength: number,
	{ pool, ownAboveBytes, alignAt }: Landing,
	done: BodyDone,
): void {
	const isOwned = byteLength > ownAboveBytes;
	const placement = isOwned
		? placeOwned(byteLength, pool)
		: pool.placeArriving(byteLength, alignAt);
	if (placement === null) {
		done(
			byteLength > pool.limitBytes
				? beyondBudget(byteLength, pool)
				: noMemory(pool),
			null,
		);
		return;
	}
	const { bytes, lease } = placement;
	let at = 0;
	let isOver = false;
	const fail = (error: SaccadeError | null) => {
		if (isOver) return;
		isOver = true;
		lease.release();
		done(error, null);
	};
	exchange.readBody({
		data: (chunk) => {
			if (isOver) return;
			if (!placement.arrived(at + chunk.byteLength)) {
				fail(noMemory(pool));
				return;
			}
			bytes.set(chunk, at);
			copiedBytes.land += chunk.byteLength;
			at += chunk.byteLength;
		},
		end: () => {
			if (isOver) return;
			isOver = true;
			done(null, { bytes, lease, isOwned });
		},
		lost: () => fail(null),
	});
}

/** As the pool's own; null when the limit is reached, or the system has no more. */
function placeOwned(
	byteLength: number,
	pool: SlotPool,
): ArrivingPlacement | null {
	if (byteLength > pool.limitBytes) return null;
	try {
		const bytes = new Uint8Array(byteLength);
		const { lease, take } = pool.reserve();
		let taken = 0;
		const arrived = (byteCount: number) => {
			const more = byteCount - taken;
			taken = byteCount;
			return take(more);
		};
		return { bytes, lease, arrived };
	} catch {
		return null;
	}
}

function collectChunks(
	exchange: Exchange,
	limits: BodyLimits,
	done: BodyDone,
): void {
	const collected = new Collected(limits.pool, limits.maxInputBytes);
	let isOver = false;
	const fail = (error: SaccadeError | null) => {
		if (isOver) return;
		isOver = true;
		collected.release();
		done(error, null);
	};
	exchange.readBody({
		data: (chunk) => {
			if (isOver) return;
			const problem = collected.add(chunk);
			if (problem !== null) fail(problem);
			else if (collected.count > MAX_CHUNKS)
				fail(
					new SaccadeError(
						"INVALID_ARGUMENT",
						`Chunked request body exceeds maximum of ${MAX_CHUNKS} non-empty chunks. Send fewer or larger HTTP chunks.`,
					),
				);
		},
		end: () => {
			if (isOver) return;
			isOver = true;
			done(null, collected.join());
		},
		lost: () => fail(null),
	});
}

/** Both formats by what the bytes say, as HTTP servers read them (`deflate` is zlib's format, RFC 1950). */
function inflateBody(
	body: Body,
	encoding: string,
	limits: BodyLimits,
	done: BodyDone,
): void {
	const byRatio = body.bytes.byteLength * MAX_INFLATE_RATIO;
	const limit = Math.min(
		limits.maxInputBytes,
		Math.max(MIN_INFLATE_BYTES, byRatio),
	);
	const collected = new Collected(limits.pool, limit);
	const inflater = createUnzip({ chunkSize: INFLATE_CHUNK_BYTES });
	let isOver = false;
	const end = (error: SaccadeError | null) => {
		if (isOver) return;
		isOver = true;
		inflater.destroy();
		body.lease.release();
		if (error === null) done(null, collected.join());
		else {
			collected.release();
			done(error, null);
		}
	};
	inflater.on("data", (chunk: Buffer) => {
		if (isOver) return;
		const problem = collected.add(chunk);
		if (problem !== null) end(problem);
	});
	inflater.on("end", () => end(null));
	inflater.on("error", () =>
		end(new SaccadeError("MALFORMED", `the body is not valid ${encoding}`)),
	);
	inflater.end(body.bytes);
}

/** Pieces of a body whose length is not known, within two limits: its own, and that of all bodies. */
class Collected {
	readonly #pool: SlotPool;
	readonly #limitBytes: number;
	readonly #reservation: Reservation;
	#chunks: Uint8Array[] = [];
	#byteLength = 0;

	constructor(pool: SlotPool, limitBytes: number) {
		this.#pool = pool;
		this.#limitBytes = limitBytes;
		this.#reservation = pool.reserve();
	}

	get count(): number {
		return this.#chunks.length;
	}

	/** Null when there was room. */
	add(chunk: Uint8Array): SaccadeError | null {
		this.#byteLength += chunk.byteLength;
		if (this.#byteLength > this.#limitBytes)
			return tooLarge(this.#byteLength, this.#limitBytes);
		if (!this.#reservation.take(chunk.byteLength)) return noMemory(this.#pool);
		this.#chunks.push(chunk);
		return null;
	}

	join(): Body {
		const chunks = this.#chunks;
		this.#chunks = [];
		const isSingle = chunks.length === 1;
		const bytes = isSingle ? chunks[0]! : Buffer.concat(chunks);
		if (!isSingle) copiedBytes.land += bytes.byteLength;
		// Node lends small buffers from a pool, and a chunk is a part of what was read.
		const isOwned = !isSingle && bytes.buffer.byteLength === this.#byteLength;
		return { bytes, lease: this.#reservation.lease, isOwned };
	}

	release(): void {
		this.#chunks = [];
		this.#reservation.lease.release();
	}
}

function tooLarge(byteLength: number, limit: number): SaccadeError {
	return new SaccadeError(
		"TOO_LARGE",
		`request JSON size of ${byteLength} bytes exceeds the maximum allowed input size of ${limit} bytes. Use --http-max-input-size to increase the limit.`,
	);
}

function beyondBudget(byteLength: number, pool: SlotPool): SaccadeError {
	return new SaccadeError(
		"TOO_LARGE",
		`a body of ${byteLength} bytes exceeds the memory for all request bodies, ${pool.limitBytes} bytes. Use --body-budget to increase the limit.`,
	);
}
