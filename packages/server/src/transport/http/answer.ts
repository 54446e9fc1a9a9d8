// Writing responses: one head and one buffer each, compressed where the client prefers it.
import type { IncomingMessage, ServerResponse } from "node:http";
import { deflate, gzip } from "node:zlib";
import { HEADER } from "@saccade/protocol";
import type { SaccadeError } from "../../errors/saccade-error.ts";
import { encodeError, encodeJson } from "./encode.ts";
import { httpStatusOf } from "./error-map.ts";

const JSON_TYPE = "application/json";
export const EVENT_STREAM_TYPE = "text/event-stream; charset=utf-8";

export interface RefusalOptions {
	readonly strictTriton: boolean;
	/** Time the client may go on sending its body before it is cut. */
	readonly lingerMs: number;
}

export function answerJson(
	response: ServerResponse,
	status: number,
	value: unknown,
): void {
	const body = encodeJson(value);
	response.writeHead(status, jsonHeaders(body));
	response.end(body);
}

export function answerEmpty(response: ServerResponse, status: number): void {
	response.writeHead(status, { "content-length": 0 }).end();
}

export function answerError(
	response: ServerResponse,
	error: SaccadeError,
	strictTriton: boolean,
): void {
	if (response.headersSent) return;
	setErrorHeaders(response, error);
	const body = encodeError(error.message);
	response.writeHead(httpStatusOf(error, strictTriton), jsonHeaders(body));
	response.end(body);
}

/** As an event, for a stream whose work had begun. */
export function answerErrorEvent(
	response: ServerResponse,
	error: SaccadeError,
	strictTriton: boolean,
): void {
	if (response.headersSent) return;
	setErrorHeaders(response, error);
	const body = Buffer.from(`data: ${encodeError(error.message)}\n\n`);
	response.writeHead(httpStatusOf(error, strictTriton), {
		"content-type": EVENT_STREAM_TYPE,
		"content-length": body.byteLength,
	});
	response.end(body);
}

/** Refuses before the body is here. It is not kept, so the connection ends with this answer. */
export function refuseEarly(
	request: IncomingMessage,
	response: ServerResponse,
	error: SaccadeError,
	options: RefusalOptions,
): void {
	if (response.headersSent) return;
	setErrorHeaders(response, error);
	const status = httpStatusOf(error, options.strictTriton);
	refuseWith(request, response, status, error.message, options.lingerMs);
}

export function refuseWith(
	request: IncomingMessage,
	response: ServerResponse,
	status: number,
	text: string,
	lingerMs: number,
): void {
	const body = encodeError(text);
	if (hasWholeBody(request)) {
		response.writeHead(status, jsonHeaders(body));
		response.end(body);
		return;
	}
	response.setHeader("connection", "close");
	response.writeHead(status, jsonHeaders(body));
	// A client that waits to be told to go on sends nothing any more.
	if (request.headers.expect !== undefined) {
		response.end(body);
		return;
	}
	response.write(body);
	linger(request, response, lingerMs);
}

/**
 * Ends the answer only when the rest of the body was read and dropped: a socket that is closed with bytes unread is
 * reset, and the client would see that in place of its answer.
 */
function linger(
	request: IncomingMessage,
	response: ServerResponse,
	lingerMs: number,
): void {
	const cut = setTimeout(() => request.destroy(), lingerMs);
	cut.unref();
	request.on("close", () => clearTimeout(cut));
	request.on("end", () => response.end());
	request.resume();
}

function hasWholeBody(request: IncomingMessage): boolean {
	const { headers } = request;
	return (
		request.complete ||
		((headers["content-length"] ?? "0") === "0" &&
			headers["transfer-encoding"] === undefined)
	);
}

function setErrorHeaders(response: ServerResponse, error: SaccadeError): void {
	if (error.refusedBecause !== null)
		response.setHeader(HEADER.refusedBecause, error.refusedBecause);
	if (error.code === "UNAUTHENTICATED")
		response.setHeader("www-authenticate", "Bearer");
	const encodings = error.details?.["acceptEncoding"];
	if (encodings !== undefined) response.setHeader("accept-encoding", encodings);
}

function jsonHeaders(body: Buffer): Record<string, string | number> {
	return { "content-type": JSON_TYPE, "content-length": body.byteLength };
}

export type Coding = "gzip" | "deflate" | null;

/** By `Accept-Encoding` with its q weights, the first of equals; null: as it is. */
export function preferredCoding(header: string | undefined): Coding {
	if (header === undefined) return null;
	let best: Coding = null;
	let bestWeight = 0;
	for (const part of header.split(",")) {
		const [name = "", ...parameters] = part.trim().toLowerCase().split(";");
		const coding = name.trim();
		if (coding !== "gzip" && coding !== "deflate" && coding !== "identity")
			continue;
		const q = parameters
			.map((text) => text.trim())
			.find((text) => text.startsWith("q="));
		const weight = q === undefined ? 1 : Number(q.slice(2));
		if (!(weight > bestWeight)) continue;
		best = coding === "identity" ? null : coding;
		bestWeight = weight;
	}
	return best;
}

/** Compresses off the loop. */
export function compress(
	coding: "gzip" | "deflate",
	body: Buffer,
	done: (body: Buffer | null) => void,
): void {
	const run = coding === "gzip" ? gzip : deflate;
	run(body, (error, compressed) => done(error === null ? compressed : null));
}
