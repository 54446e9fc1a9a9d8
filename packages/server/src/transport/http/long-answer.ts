// Answers that would hold the loop if they were written as JSON at once: cut into slices, one of all of them in each
// turn of the loop, and written as the client reads them.
import { pipeline, Readable } from "node:stream";
import { createDeflate, createGzip } from "node:zlib";
import { HEADER } from "@saccade/protocol";
import type { InferResponse } from "../../endpoint/endpoint.ts";
import { copiedBytes } from "../../tensor/copied-bytes.ts";
import type { Coding } from "./answer.ts";
import type { WantsBinary } from "./encode.ts";
import type { Exchange } from "./exchange.ts";
import { SLICE_ELEMENT_COUNT, SLICE_TEXT_BYTES } from "./json/tensor-json.ts";
import type { LoopTurns } from "./loop-turns.ts";
import type { ReadPace } from "./unread-answers.ts";

/** Slices are gathered to about a write's worth. */
const PIECE_LENGTH = 32 * 1024;
/** Answers of up to so many slices are written at once. */
const SLICES_AT_ONCE = 2;

/** Whether writing its JSON takes more than a few slices. */
export function isLong(
	{ outputs }: InferResponse,
	wantsBinary: WantsBinary,
): boolean {
	let slices = 0;
	for (const { name, shape, data } of outputs)
		if (!wantsBinary(name))
			slices += Math.max(
				shape.reduce((a, b) => a * b, 1) / SLICE_ELEMENT_COUNT,
				data.byteLength / SLICE_TEXT_BYTES,
			);
	return slices > SLICES_AT_ONCE;
}

/** A copy whose views stay valid: those of a response end with the call that hands it over. */
export function keep(response: InferResponse): InferResponse {
	const outputs = response.outputs.map((output) => ({
		...output,
		data: output.data.slice(),
	}));
	for (const { data } of outputs) copiedBytes.answer += data.byteLength;
	return { ...response, outputs };
}

export interface LongAnswer {
	readonly slices: Iterator<string>;
	/** Follow the JSON. */
	readonly payloads: readonly Uint8Array[];
	/** When only JSON is sent. */
	readonly contentType: string;
	readonly coding: Coding;
	/** Beside those of its content. @default none */
	readonly headers?: Readonly<Record<string, string>>;
}

/** Throws what the first slice throws, before anything is sent. */
export async function sendLong(
	exchange: Exchange,
	answer: LongAnswer,
	turns: LoopTurns,
	pace: ReadPace,
): Promise<void> {
	const first = answer.slices.next();
	const json = piecesOf(first, answer.slices, turns);
	const isBinary = answer.payloads.length > 0;
	let source: AsyncIterable<Uint8Array> | readonly Uint8Array[] = json;
	const headers: Record<string, string | number> = {
		...answer.headers,
		"content-type": isBinary ? "application/octet-stream" : answer.contentType,
	};
	if (isBinary) {
		// Its length stands in the head.
		const parts: Uint8Array[] = await gather(json, exchange);
		headers[HEADER.inferenceHeaderLength] = byteLengthOf(parts);
		source = [...parts, ...answer.payloads];
	}
	if (answer.coding !== null) headers["content-encoding"] = answer.coding;
	if (exchange.isGone) return;
	const output = exchange.startStream(headers);
	const readable = Readable.from(pace.follow(source), { highWaterMark: 1 });
	// A client that left, or was cut off, is all that can go wrong here.
	if (answer.coding === null) pipeline(readable, output, () => {});
	else pipeline(readable, compressor(answer.coding), output, () => {});
}

async function* piecesOf(
	first: IteratorResult<string>,
	slices: Iterator<string>,
	turns: LoopTurns,
): AsyncGenerator<Uint8Array> {
	let text = "";
	for (let next = first; next.done !== true; next = slices.next()) {
		text += next.value;
		if (text.length < PIECE_LENGTH) continue;
		yield Buffer.from(text);
		text = "";
		await turns.next();
	}
	yield Buffer.from(text);
}

async function gather(
	pieces: AsyncIterable<Uint8Array>,
	exchange: Exchange,
): Promise<Uint8Array[]> {
	const parts: Uint8Array[] = [];
	for await (const piece of pieces) {
		if (exchange.isGone) break;
		parts.push(piece);
	}
	return parts;
}

function byteLengthOf(parts: readonly Uint8Array[]): number {
	return parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function compressor(coding: "gzip" | "deflate") {
	return coding === "gzip" ? createGzip() : createDeflate();
}
