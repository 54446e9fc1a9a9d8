// Writing responses: one head and one buffer each, compressed where the client prefers it.
import type { IncomingMessage, ServerResponse } from "node:http";
import { deflate, gzip } from "node:zlib";
import { HEADER } from "@saccade/protocol";
import type { SaccadeError } from "../../errors/saccade-error.ts";
import { encodeError, encodeJson } from "./encode.ts";
import { httpStatusOf } from "./error-map.ts";

const JSON_TYPE = "application/json";

export function answerJson(
	response: ServerResponse,
	status: number,
	value: unknown,
): void {
	answerBytes(response, status, encodeJson(value), JSON_TYPE);
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
	if (error.refusedBecause !== null)
		response.setHeader(HEADER.refusedBecause, error.refusedBecause);
	if (error.code === "UNAUTHENTICATED")
		response.setHeader("www-authenticate", "Bearer");
	if (error.code === "UNSUPPORTED")
		response.setHeader("accept-encoding", "gzip, deflate");
	answerBytes(
		response,
		httpStatusOf(error, strictTriton),
		encodeError(error.message),
		JSON_TYPE,
	);
}

/** Refuses while the body is still coming: it is not read, so the connection cannot be used again. */
export function refuseEarly(
	request: IncomingMessage,
	response: ServerResponse,
	error: SaccadeError,
	strictTriton: boolean,
): void {
	const hasBody =
		request.headers["content-length"] !== undefined ||
		request.headers["transfer-encoding"] !== undefined;
	if (hasBody) response.setHeader("connection", "close");
	answerError(response, error, strictTriton);
	if (hasBody) request.resume();
}

function answerBytes(
	response: ServerResponse,
	status: number,
	body: Buffer,
	type: string,
): void {
	response.writeHead(status, {
		"content-type": type,
		"content-length": body.byteLength,
	});
	response.end(body);
}

type Coding = "gzip" | "deflate" | null;

/** By `Accept-Encoding` with its q weights; null: as it is. */
export function preferredCoding(header: string | undefined): Coding {
	if (header === undefined) return null;
	let best: Coding = null;
	let bestWeight = 0;
	for (const part of header.split(",")) {
		const [name = "", ...parameters] = part.trim().split(";");
		const q = parameters.find((parameter) => parameter.trim().startsWith("q="));
		const weight = q === undefined ? 1 : Number(q.trim().slice(2));
		const coding = name.toLowerCase();
		if ((coding === "gzip" || coding === "deflate") && weight > bestWeight) {
			best = coding;
			bestWeight = weight;
		}
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
