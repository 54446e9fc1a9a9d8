// POST …/infer, …/generate and …/generate_stream: refused at the head or at the name, else the body lands, is
// decoded and run, and the answer leaves in one write.
import type { IncomingMessage, ServerResponse } from "node:http";
import { HEADER } from "@saccade/protocol";
import type {
	CallContext,
	InferReply,
	InferResponse,
	InferTicket,
} from "../../endpoint/endpoint.ts";
import type { Endpoints } from "../../endpoint/endpoints.ts";
import { SaccadeError, toSaccadeError } from "../../errors/saccade-error.ts";
import {
	answerError,
	compress,
	preferredCoding,
	type RefusalOptions,
	refuseEarly,
} from "./answer.ts";
import { type Body, type BodyLimits, readBody } from "./body.ts";
import { type DecodedBody, decodeInfer, decodeRaw } from "./decode.ts";
import { encodeInfer } from "./encode.ts";
import { decodeGenerate, encodeGenerate } from "./generate.ts";
import type { UnreadAnswers } from "./unread-answers.ts";

export interface InferTools extends RefusalOptions {
	readonly endpoints: Endpoints;
	readonly limits: BodyLimits;
	readonly unread: UnreadAnswers;
}

export interface InferTarget {
	readonly modelName: string;
	readonly modelVersion: string;
}

/** How the request and its answer are written; `generateStream` answers with server-sent events. */
export type InferFormat = "infer" | "generate" | "generateStream";

export function handleInfer(
	tools: InferTools,
	context: CallContext,
	request: IncomingMessage,
	response: ServerResponse,
	target: InferTarget,
	format: InferFormat,
): void {
	const refusal = tools.unread.isFull
		? tooManyUnread(tools.unread)
		: tools.endpoints.infer.admit(
				context,
				target.modelName,
				target.modelVersion,
			);
	if (refusal !== null) {
		refuseEarly(request, response, refusal, tools);
		return;
	}
	new HttpInfer(tools, context, request, response, target, format).start();
}

class HttpInfer implements InferReply {
	readonly #tools: InferTools;
	readonly #context: CallContext;
	readonly #request: IncomingMessage;
	readonly #response: ServerResponse;
	readonly #target: InferTarget;
	readonly #format: InferFormat;
	#wantsBinary: (output: string) => boolean = () => false;
	#ticket: InferTicket | null = null;

	constructor(
		tools: InferTools,
		context: CallContext,
		request: IncomingMessage,
		response: ServerResponse,
		target: InferTarget,
		format: InferFormat,
	) {
		this.#tools = tools;
		this.#context = context;
		this.#request = request;
		this.#response = response;
		this.#target = target;
		this.#format = format;
	}

	start(): void {
		this.#response.on("close", this.#closed);
		readBody(this.#request, this.#tools.limits, (error, body) => {
			if (error !== null)
				refuseEarly(this.#request, this.#response, error, this.#tools);
			else if (body !== null) this.#run(body);
		});
	}

	response(response: InferResponse): void {
		this.#ticket = null;
		let answer: ReturnType<typeof encodeInfer>;
		try {
			if (this.#format !== "infer") {
				this.#sendGenerated(encodeGenerate(response));
				return;
			}
			answer = encodeInfer(response, this.#wantsBinary);
		} catch (error) {
			this.error(toSaccadeError(error));
			return;
		}
		const coding = preferredCoding(this.#request.headers["accept-encoding"]);
		if (coding === null) this.#send(answer.body, answer.jsonLength, null);
		else
			compress(coding, answer.body, (compressed) => {
				if (compressed === null)
					this.#send(answer.body, answer.jsonLength, null);
				else this.#send(compressed, answer.jsonLength, coding);
			});
	}

	error(error: SaccadeError): void {
		this.#ticket = null;
		answerError(this.#response, error, this.#tools.strictTriton);
	}

	#run(body: Body): void {
		let decoded: DecodedBody;
		try {
			decoded = this.#decode(body);
		} catch (error) {
			body.lease.release();
			this.error(toSaccadeError(error));
			return;
		}
		this.#wantsBinary = decoded.wantsBinary;
		this.#ticket = this.#tools.endpoints.infer.run(
			this.#context,
			decoded.request,
			this,
		);
	}

	#decode(body: Body): DecodedBody {
		const { bytes, lease } = body;
		const { maxInputBytes } = this.#tools.limits;
		if (this.#format !== "infer") {
			const { modelName, modelVersion } = this.#target;
			const parts = { bytes, jsonLength: null, maxJsonBytes: maxInputBytes };
			const inputs = this.#tools.endpoints.inputs(modelName, modelVersion);
			return decodeGenerate(parts, inputs, this.#target, this.#context, lease);
		}
		const jsonLength = jsonLengthOf(this.#request, bytes.byteLength);
		if (jsonLength !== 0) {
			const parts = { bytes, jsonLength, maxJsonBytes: maxInputBytes };
			return decodeInfer(parts, this.#target, this.#context, lease);
		}
		if (bytes.byteLength > maxInputBytes)
			throw new SaccadeError(
				"TOO_LARGE",
				`Raw input has a byte_size (${bytes.byteLength} bytes) that exceeds the maximum allowed value of ${maxInputBytes} bytes. Use --http-max-input-size to increase the limit.`,
			);
		const input = this.#tools.endpoints.rawInput(
			this.#target.modelName,
			this.#target.modelVersion,
			bytes.byteLength,
		);
		return decodeRaw(bytes, input, this.#target, this.#context, lease);
	}

	#send(body: Buffer, jsonLength: number | null, coding: string | null): void {
		const headers: Record<string, string | number> = {
			"content-type":
				jsonLength === null ? "application/json" : "application/octet-stream",
			"content-length": body.byteLength,
		};
		if (jsonLength !== null) headers[HEADER.inferenceHeaderLength] = jsonLength;
		if (coding !== null) headers["content-encoding"] = coding;
		this.#end(headers, body);
	}

	#end(headers: Record<string, string | number>, body: Buffer): void {
		this.#response.writeHead(200, headers);
		this.#response.end(body);
		this.#tools.unread.watch(this.#response);
	}

	#sendGenerated(json: string): void {
		const isStream = this.#format === "generateStream";
		const body = Buffer.from(isStream ? `data: ${json}\n\n` : json);
		const headers = {
			"content-type": isStream
				? "text/event-stream; charset=utf-8"
				: "application/json",
			"content-length": body.byteLength,
		};
		this.#end(headers, body);
	}

	readonly #closed = (): void => {
		const ticket = this.#ticket;
		this.#ticket = null;
		ticket?.cancel();
	};
}

function tooManyUnread(unread: UnreadAnswers): SaccadeError {
	return new SaccadeError(
		"QUEUE_FULL",
		`clients have not read ${unread.byteCount} bytes of answers; retry when they have`,
		{ refusedBecause: "queue-full" },
	);
}

/** Null: the header is absent. Throws INVALID_ARGUMENT with Triton's texts. */
function jsonLengthOf(
	request: IncomingMessage,
	bodyBytes: number,
): number | null {
	const text = request.headers[HEADER.inferenceHeaderLength];
	if (text === undefined) return null;
	if (typeof text !== "string" || !/^\d{1,15}$/.test(text))
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`Unable to parse Inference-Header-Content-Length, got: ${String(text)}`,
		);
	const length = Number(text);
	if (length > bodyBytes)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`inference header size should be in range (0, ${bodyBytes}), got: ${length}`,
		);
	return length;
}
