// Request bodies: bounded, landed once in a slot where the length is known, inflated off the loop where compressed.
import type { IncomingMessage } from "node:http";
import { gunzip, inflate } from "node:zlib";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { SlotPool } from "../../tensor/slot-pool.ts";
import type { Lease } from "../../tensor/tensor.ts";

export interface Body {
	readonly bytes: Uint8Array;
	readonly lease: Lease | null;
}

export interface BodyLimits {
	readonly pool: SlotPool;
	/** Largest decompressed body, and largest body of unknown length. */
	readonly maxInputBytes: number;
}

/** Answered once: the body, or why there is none. Null error and null body: the client left. */
export type BodyDone = (error: SaccadeError | null, body: Body | null) => void;

const MAX_CHUNKS = 65_536;
const MAX_INFLATE_RATIO = 200;
const SMALL_BYTES = 64 * 1024;

export function readBody(
	request: IncomingMessage,
	limits: BodyLimits,
	done: BodyDone,
): void {
	const declared = request.headers["content-length"];
	const encoding = request.headers["content-encoding"] ?? "identity";
	if (!["identity", "gzip", "deflate"].includes(encoding)) {
		done(new SaccadeError("UNSUPPORTED", "Unsupported compression type"), null);
		return;
	}
	const isPlain = encoding === "identity";
	const finish: BodyDone = isPlain
		? done
		: (error, body) => {
				if (body === null) done(error, null);
				else inflateBody(body, encoding, limits, done);
			};
	if (declared === undefined) collectChunks(request, limits, finish);
	else landKnown(request, Number(declared), limits, finish);
}

function landKnown(
	request: IncomingMessage,
	byteLength: number,
	limits: BodyLimits,
	done: BodyDone,
): void {
	const { pool } = limits;
	const placement = pool.place(byteLength);
	if (placement === null) {
		done(
			new SaccadeError(
				"QUEUE_FULL",
				`memory for request bodies is used up (${pool.leasedBytes} of ${pool.limitBytes} bytes); retry later`,
				{ refusedBecause: "queue-full" },
			),
			null,
		);
		return;
	}
	const { bytes, lease } = placement;
	let at = 0;
	let isOver = false;
	request.on("data", (chunk: Buffer) => {
		bytes.set(chunk, at);
		at += chunk.byteLength;
	});
	request.on("end", () => {
		isOver = true;
		done(null, { bytes, lease });
	});
	request.on("close", () => {
		if (isOver) return;
		lease.release();
		done(null, null);
	});
}

function collectChunks(
	request: IncomingMessage,
	limits: BodyLimits,
	done: BodyDone,
): void {
	const chunks: Buffer[] = [];
	let byteLength = 0;
	let isOver = false;
	const end = (error: SaccadeError | null, body: Body | null) => {
		if (isOver) return;
		isOver = true;
		done(error, body);
	};
	request.on("data", (chunk: Buffer) => {
		if (isOver) return;
		chunks.push(chunk);
		byteLength += chunk.byteLength;
		if (byteLength > limits.maxInputBytes)
			end(tooLarge(byteLength, limits.maxInputBytes), null);
		else if (chunks.length > MAX_CHUNKS)
			end(
				new SaccadeError(
					"INVALID_ARGUMENT",
					`Chunked request body exceeds maximum of ${MAX_CHUNKS} non-empty chunks. Send fewer or larger HTTP chunks.`,
				),
				null,
			);
	});
	request.on("end", () =>
		end(null, { bytes: Buffer.concat(chunks), lease: null }),
	);
	request.on("close", () => end(null, null));
}

function inflateBody(
	body: Body,
	encoding: string,
	limits: BodyLimits,
	done: BodyDone,
): void {
	const byRatio = Math.max(
		SMALL_BYTES,
		body.bytes.byteLength * MAX_INFLATE_RATIO,
	);
	const maxOutputLength = Math.min(limits.maxInputBytes, byRatio);
	// `deflate` is zlib's format (RFC 1950) in HTTP.
	const run = encoding === "gzip" ? gunzip : inflate;
	run(body.bytes, { maxOutputLength }, (error, bytes) => {
		body.lease?.release();
		if (error === null) done(null, { bytes, lease: null });
		else if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
			done(tooLarge(maxOutputLength, maxOutputLength), null);
		else
			done(
				new SaccadeError("MALFORMED", `the body is not valid ${encoding}`),
				null,
			);
	});
}

function tooLarge(byteLength: number, limit: number): SaccadeError {
	return new SaccadeError(
		"TOO_LARGE",
		`request JSON size of ${byteLength} bytes exceeds the maximum allowed input size of ${limit} bytes. Use --http-max-input-size to increase the limit.`,
	);
}
