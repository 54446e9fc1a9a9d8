// Message decompression, off the event loop and bounded: by the message limit and by a ratio, so that a small
// bomb cannot take much memory. https://github.com/grpc/grpc/blob/master/doc/compression.md
import { gunzip, inflate as zlibInflate } from "node:zlib";
import { Status } from "../api.ts";

export type Encoding = "identity" | "gzip" | "deflate";

/** Null for an encoding that is not offered. */
export function parseEncoding(name: string | undefined): Encoding | null {
	if (name === undefined || name === "identity") return "identity";
	return name === "gzip" || name === "deflate" ? name : null;
}

export interface InflateBounds {
	readonly maxBytes: number;
	readonly maxRatio: number;
}

export interface InflateProblem {
	readonly status: Status;
	readonly text: string;
}

// A tiny message may well compress better than the ratio.
const ALWAYS_ALLOWED_BYTES = 64 * 1024;
const NOTHING = new Uint8Array(0);

export function inflate(
	encoding: Encoding,
	bytes: Uint8Array,
	bounds: InflateBounds,
	done: (problem: InflateProblem | null, message: Uint8Array) => void,
): void {
	const byRatio = Math.max(
		ALWAYS_ALLOWED_BYTES,
		bytes.byteLength * bounds.maxRatio,
	);
	const maxOutputLength = Math.min(bounds.maxBytes, byRatio);
	const run = encoding === "gzip" ? gunzip : zlibInflate;
	run(bytes, { maxOutputLength }, (error, message) => {
		if (error === null) done(null, message);
		else done(toProblem(error, encoding, maxOutputLength), NOTHING);
	});
}

function toProblem(
	error: NodeJS.ErrnoException,
	encoding: Encoding,
	maxOutputLength: number,
): InflateProblem {
	if (error.code === "ERR_BUFFER_TOO_LARGE")
		return {
			status: Status.RESOURCE_EXHAUSTED,
			text: `a message inflates to more than ${maxOutputLength} bytes`,
		};
	return {
		status: Status.INTERNAL,
		text: `a message is not valid ${encoding}`,
	};
}
