// Message compression, off the event loop. What is inflated is bounded by the message limit, by a ratio, and by what
// the server may keep, taken as it comes out of zlib: a small bomb cannot take much memory, nor can many of them.
// https://github.com/grpc/grpc/blob/master/doc/compression.md
import {
	createGunzip,
	createInflate,
	deflate as deflateZlib,
	gzip,
} from "node:zlib";
import { type Encoding, Status } from "../api.ts";

/** What is offered to clients, best last. */
export const OFFERED_ENCODINGS = "identity,deflate,gzip";

/** Null for an encoding that is not offered. */
export function parseEncoding(name: string | undefined): Encoding | null {
	if (name === undefined || name === "identity") return "identity";
	return name === "gzip" || name === "deflate" ? name : null;
}

/** What to compress answers with, for a client that sent `grpc-accept-encoding`. */
export function acceptedEncoding(accepted: string | undefined): Encoding {
	const names = accepted?.split(",").map((name) => name.trim()) ?? [];
	if (names.includes("gzip")) return "gzip";
	return names.includes("deflate") ? "deflate" : "identity";
}

export function deflate(
	encoding: Exclude<Encoding, "identity">,
	bytes: Uint8Array,
): Promise<Uint8Array> {
	const run = encoding === "gzip" ? gzip : deflateZlib;
	return new Promise((resolve, reject) => {
		run(bytes, (error, deflated) => {
			if (error === null) resolve(deflated);
			else reject(error);
		});
	});
}

export interface InflateBounds {
	readonly maxBytes: number;
	readonly maxRatio: number;
	/** Asked for each piece that comes out; false ends it. */
	keep(byteLength: number): boolean;
}

export interface InflateProblem {
	readonly status: Status;
	readonly text: string;
}

export interface InflateResult {
	done(message: Uint8Array): void;
	failed(problem: InflateProblem): void;
}

// An empty picture shrinks a thousandfold, more than any ratio that would stop a bomb. This much may come in plain
// without anybody asking.
const ALWAYS_ALLOWED_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** Returns what stops it: then nothing more is called. */
export function inflate(
	encoding: Encoding,
	bytes: Uint8Array,
	bounds: InflateBounds,
	result: InflateResult,
): () => void {
	const byRatio = Math.max(
		ALWAYS_ALLOWED_BYTES,
		bytes.byteLength * bounds.maxRatio,
	);
	const maxBytes = Math.min(bounds.maxBytes, byRatio);
	const options = { chunkSize: CHUNK_BYTES };
	const stream =
		encoding === "gzip" ? createGunzip(options) : createInflate(options);
	const pieces: Buffer[] = [];
	let byteLength = 0;
	const stop = () => {
		stream.removeAllListeners();
		// What zlib has under way may still fail.
		stream.on("error", () => {});
		stream.destroy();
	};
	const fail = (problem: InflateProblem) => {
		stop();
		result.failed(problem);
	};
	stream.on("data", (piece: Buffer) => {
		byteLength += piece.length;
		if (byteLength > maxBytes) fail(tooLarge(maxBytes));
		else if (!bounds.keep(piece.length)) fail(NO_ROOM);
		else pieces.push(piece);
	});
	stream.on("error", () => fail(malformed(encoding)));
	stream.on("end", () => result.done(joined(pieces, byteLength)));
	stream.end(bytes);
	return stop;
}

export const NO_ROOM: InflateProblem = {
	status: Status.RESOURCE_EXHAUSTED,
	text: "the server keeps as many bytes of requests as it may; try again later",
};

function tooLarge(maxBytes: number): InflateProblem {
	return {
		status: Status.RESOURCE_EXHAUSTED,
		text: `a message inflates to more than ${maxBytes} bytes`,
	};
}

function malformed(encoding: Encoding): InflateProblem {
	return {
		status: Status.INTERNAL,
		text: `a message is not valid ${encoding}`,
	};
}

function joined(pieces: readonly Buffer[], byteLength: number): Uint8Array {
	return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, byteLength);
}
