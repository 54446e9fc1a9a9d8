// Answers: one head and one buffer each, compressed where the client prefers it.
import { deflate, gzip } from "node:zlib";
import { HEADER } from "@saccade/protocol";
import type { SaccadeError } from "../../errors/saccade-error.ts";
import { encodeError, encodeJson } from "./encode.ts";
import { httpStatusOf } from "./error-map.ts";
import type { AnswerHeaders, Exchange } from "./exchange.ts";

const JSON_TYPE: AnswerHeaders = { "content-type": "application/json" };
export const EVENT_STREAM_TYPE = "text/event-stream; charset=utf-8";
const NOTHING = new Uint8Array(0);

export interface RefusalOptions {
	readonly strictTriton: boolean;
	/** Time the client may go on sending its body before it is cut. */
	readonly lingerMs: number;
}

export function answerJson(
	exchange: Exchange,
	status: number,
	value: unknown,
): void {
	exchange.answer(status, JSON_TYPE, encodeJson(value));
}

export function answerEmpty(exchange: Exchange, status: number): void {
	exchange.answer(status, {}, NOTHING);
}

export function answerError(
	exchange: Exchange,
	error: SaccadeError,
	strictTriton: boolean,
): void {
	if (exchange.isAnswered) return;
	exchange.answer(
		httpStatusOf(error, strictTriton),
		{ ...headersOf(error), ...JSON_TYPE },
		encodeError(error.message),
	);
}

/** As an event, for a stream whose work had begun. */
export function answerErrorEvent(
	exchange: Exchange,
	error: SaccadeError,
	strictTriton: boolean,
): void {
	if (exchange.isAnswered) return;
	exchange.answer(
		httpStatusOf(error, strictTriton),
		{ ...headersOf(error), "content-type": EVENT_STREAM_TYPE },
		Buffer.from(`data: ${encodeError(error.message)}\n\n`),
	);
}

/** Refuses before the body is here. It is not kept, so the connection ends with this answer. */
export function refuseEarly(
	exchange: Exchange,
	error: SaccadeError,
	{ strictTriton, lingerMs }: RefusalOptions,
): void {
	if (exchange.isAnswered) return;
	exchange.refuse(
		httpStatusOf(error, strictTriton),
		{ ...headersOf(error), ...JSON_TYPE },
		encodeError(error.message),
		lingerMs,
	);
}

export function refuseWith(
	exchange: Exchange,
	status: number,
	text: string,
	lingerMs: number,
	headers: AnswerHeaders = {},
): void {
	const all = { ...headers, ...JSON_TYPE };
	exchange.refuse(status, all, encodeError(text), lingerMs);
}

function headersOf(error: SaccadeError): AnswerHeaders {
	const headers: Record<string, string> = { [HEADER.errorCode]: error.code };
	if (error.refusedBecause !== null)
		headers[HEADER.refusedBecause] = error.refusedBecause;
	if (error.traceResponse !== null)
		headers[HEADER.traceresponse] = error.traceResponse;
	if (error.code === "UNAUTHENTICATED") headers["www-authenticate"] = "Bearer";
	const retryAfterMs = Number(error.details?.["retryAfterMs"] ?? 0);
	// In whole seconds: RFC 9110, 10.2.3.
	if (retryAfterMs > 0)
		headers["retry-after"] = String(Math.ceil(retryAfterMs / 1000));
	const encodings = error.details?.["acceptEncoding"];
	if (encodings !== undefined) headers["accept-encoding"] = String(encodings);
	return headers;
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
