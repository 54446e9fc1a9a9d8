// POST …/infer, …/generate and …/generate_stream: refused at the head or at the name, else the body lands, is
// decoded and run, and the answer leaves in one write.
import { type ErrorCode, HEADER } from "@saccade/protocol";
import type {
	CallContext,
	InferReply,
	InferResponse,
	InferTicket,
} from "../../endpoint/endpoint.ts";
import type { Endpoints } from "../../endpoint/endpoints.ts";
import { SaccadeError, toSaccadeError } from "../../errors/saccade-error.ts";
import { formatTraceparent } from "../../telemetry/tracing/trace-context.ts";
import type { Lease } from "../../tensor/tensor.ts";
import {
	answerError,
	answerErrorEvent,
	type Coding,
	compress,
	EVENT_STREAM_TYPE,
	preferredCoding,
	type RefusalOptions,
	refuseEarly,
} from "./answer.ts";
import { type Body, type BodyLimits, readBody } from "./body.ts";
import {
	type BodyParts,
	type DecodedBody,
	decodeRaw,
	type ParsedBody,
	toDecoded,
} from "./decode.ts";
import {
	binaryOutputs,
	type EncodedAnswer,
	encodeInfer,
	inferSlices,
} from "./encode.ts";
import type { Exchange } from "./exchange.ts";
import { generateSlices } from "./generate.ts";
import { type JsonTask, runJsonTask } from "./json/json-task.ts";
import type { JsonJob, JsonThread } from "./json/json-thread.ts";
import type { KnownHeads } from "./json/known-heads.ts";
import { isLong, keep, type LongAnswer, sendLong } from "./long-answer.ts";
import type { LoopTurns } from "./loop-turns.ts";
import type { UnreadAnswers } from "./unread-answers.ts";

export interface InferTools extends RefusalOptions {
	readonly endpoints: Endpoints;
	readonly limits: BodyLimits;
	readonly jsonOnLoopBytes: number;
	readonly thread: JsonThread;
	readonly heads: KnownHeads;
	readonly turns: LoopTurns;
	readonly unread: UnreadAnswers;
}

export interface InferTarget {
	readonly modelName: string;
	readonly modelVersion: string;
}

type InferTask = Extract<JsonTask, { kind: "infer" | "generate" }>;

/** How the request and its answer are written; `generateStream` answers with server-sent events. */
export type InferFormat = "infer" | "generate" | "generateStream";

export function handleInfer(
	tools: InferTools,
	context: CallContext,
	exchange: Exchange,
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
		refuseEarly(exchange, refusal, tools);
		return;
	}
	new HttpInfer(tools, context, exchange, target, format).start();
}

class HttpInfer implements InferReply {
	readonly #tools: InferTools;
	readonly #context: CallContext;
	readonly #exchange: Exchange;
	readonly #target: InferTarget;
	readonly #format: InferFormat;
	#wantsBinary: (output: string) => boolean = () => false;
	#parsing: JsonJob | null = null;
	#ticket: InferTicket | null = null;

	constructor(
		tools: InferTools,
		context: CallContext,
		exchange: Exchange,
		target: InferTarget,
		format: InferFormat,
	) {
		this.#tools = tools;
		this.#context = context;
		this.#exchange = exchange;
		this.#target = target;
		this.#format = format;
	}

	start(): void {
		this.#exchange.onceOver(this.#closed);
		const { limits, jsonOnLoopBytes } = this.#tools;
		const announced = announcedJsonBytes(this.#exchange);
		const mayHaveMoreJson = announced === null || announced > jsonOnLoopBytes;
		const landing = {
			...limits,
			ownAboveBytes: mayHaveMoreJson
				? jsonOnLoopBytes
				: Number.POSITIVE_INFINITY,
			alignAt: announced ?? 0,
		};
		readBody(this.#exchange, landing, (error, body) => {
			if (error !== null) refuseEarly(this.#exchange, error, this.#tools);
			else if (body !== null) this.#received(body);
		});
	}

	response(response: InferResponse): void {
		this.#ticket = null;
		// It left: nobody reads what would be written.
		if (this.#exchange.isGone) return;
		try {
			if (isLong(response, this.#wantsBinary)) this.#sendLong(keep(response));
			else if (this.#format !== "infer")
				this.#sendGenerated([...generateSlices(response)].join(""));
			else this.#sendEncoded(encodeInfer(response, this.#wantsBinary));
		} catch (error) {
			this.error(toSaccadeError(error));
		}
	}

	error(error: SaccadeError): void {
		this.#ticket = null;
		const isEvent =
			this.#format === "generateStream" && AFTER_START.has(error.code);
		const answer = isEvent ? answerErrorEvent : answerError;
		answer(this.#exchange, error, this.#tools.strictTriton);
	}

	/** Parsed here, or in the thread when that would hold the loop. */
	#received(body: Body): void {
		const { bytes, lease } = body;
		this.#runDecoded(lease, () => {
			const task = this.#taskOf(bytes);
			if (task === null) return this.#decodeRaw(body);
			if (jsonBytes(task.body) <= this.#tools.jsonOnLoopBytes)
				return this.#toDecoded(this.#parseHere(task), lease);
			this.#parseInThread(task, body);
			return null;
		});
	}

	#parseHere(task: InferTask): ParsedBody {
		return task.kind === "infer"
			? this.#tools.heads.parse(task.body, task.modelName)
			: runJsonTask(task);
	}

	#parseInThread(task: InferTask, { bytes, lease, isOwned }: Body): void {
		const owned = isOwned ? bytes : bytes.slice();
		const body = { ...task.body, bytes: owned };
		this.#parsing = this.#tools.thread.run(
			{ ...task, body },
			(error, parsed) => {
				this.#parsing = null;
				this.#runDecoded(lease, () => {
					if (error !== null) throw error;
					return parsed === null ? null : this.#toDecoded(parsed, lease);
				});
			},
		);
	}

	#toDecoded(parsed: ParsedBody, lease: Lease): DecodedBody {
		return toDecoded(parsed, this.#target, this.#context, lease);
	}

	/** @param decode null: somebody else goes on with it */
	#runDecoded(lease: Lease, decode: () => DecodedBody | null): void {
		let decoded: DecodedBody | null;
		try {
			decoded = decode();
		} catch (error) {
			lease.release();
			this.error(toSaccadeError(error));
			return;
		}
		if (decoded !== null) this.#run(decoded);
	}

	/** The service releases the lease from here on. */
	#run(decoded: DecodedBody): void {
		this.#wantsBinary = decoded.wantsBinary;
		this.#ticket = this.#tools.endpoints.infer.run(
			this.#context,
			decoded.request,
			this,
		);
	}

	/** Null: a raw request, which has no JSON. */
	#taskOf(bytes: Uint8Array): InferTask | null {
		const maxJsonBytes = this.#tools.limits.maxInputBytes;
		const { modelName, modelVersion } = this.#target;
		if (this.#format !== "infer") {
			const body = { bytes, jsonLength: null, maxJsonBytes };
			const inputs = this.#tools.endpoints.inputs(modelName, modelVersion);
			return { kind: "generate", body, inputs };
		}
		const jsonLength = jsonLengthOf(this.#exchange, bytes.byteLength);
		if (jsonLength === 0) return null;
		const body = { bytes, jsonLength, maxJsonBytes };
		return { kind: "infer", body, modelName };
	}

	#decodeRaw({ bytes, lease }: Body): DecodedBody {
		const { maxInputBytes } = this.#tools.limits;
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

	#sendLong(response: InferResponse): void {
		const isStream = this.#format === "generateStream";
		const bytes = response.outputs.map(({ data }) => data.byteLength);
		const pace = this.#tools.unread.hold(
			this.#exchange,
			bytes.reduce((a, b) => a + b, 0),
		);
		const answer: LongAnswer = {
			slices:
				this.#format === "infer"
					? inferSlices(response, this.#wantsBinary)
					: asEvent(generateSlices(response), isStream),
			payloads: binaryOutputs(response, this.#wantsBinary),
			contentType: isStream ? EVENT_STREAM_TYPE : "application/json",
			coding: this.#format === "infer" ? this.#coding() : null,
			headers: this.#traceHeaders(),
		};
		sendLong(this.#exchange, answer, this.#tools.turns, pace).catch(
			(error: unknown) => this.error(toSaccadeError(error)),
		);
	}

	/** By which the client can ask for an explanation. */
	#traceHeaders(): Record<string, string> {
		const { trace } = this.#context;
		if (trace === null) return {};
		return { [HEADER.traceresponse]: formatTraceparent(trace) };
	}

	#coding(): Coding {
		return preferredCoding(this.#exchange.header("accept-encoding"));
	}

	#sendEncoded({ body, jsonLength }: EncodedAnswer): void {
		const coding = this.#coding();
		if (coding === null) this.#send(body, jsonLength, null);
		else
			compress(coding, body, (compressed) => {
				if (compressed === null) this.#send(body, jsonLength, null);
				else this.#send(compressed, jsonLength, coding);
			});
	}

	#send(body: Buffer, jsonLength: number | null, coding: string | null): void {
		const headers: Record<string, string | number> = {
			"content-type":
				jsonLength === null ? "application/json" : "application/octet-stream",
			...this.#traceHeaders(),
		};
		if (jsonLength !== null) headers[HEADER.inferenceHeaderLength] = jsonLength;
		if (coding !== null) headers["content-encoding"] = coding;
		this.#end(headers, body);
	}

	#end(headers: Record<string, string | number>, body: Buffer): void {
		this.#exchange.answer(200, headers, body);
		this.#tools.unread.watch(this.#exchange);
	}

	#sendGenerated(json: string): void {
		const isStream = this.#format === "generateStream";
		const body = Buffer.from(isStream ? `data: ${json}\n\n` : json);
		const headers = {
			"content-type": isStream ? EVENT_STREAM_TYPE : "application/json",
			...this.#traceHeaders(),
		};
		this.#end(headers, body);
	}

	readonly #closed = (): void => {
		this.#parsing?.cancel();
		const ticket = this.#ticket;
		this.#ticket = null;
		ticket?.cancel();
	};
}

/** What ends work that had begun. */
const AFTER_START: ReadonlySet<ErrorCode> = new Set([
	"EXECUTION_FAILED",
	"DEADLINE_EXCEEDED",
	"INTERNAL",
]);

function* asEvent(
	json: Generator<string>,
	isStream: boolean,
): Generator<string> {
	// The first slice tells what cannot be written, before anything is.
	const first = json.next();
	if (isStream) yield "data: ";
	if (first.done !== true) yield first.value;
	yield* json;
	if (isStream) yield "\n\n";
}

function tooManyUnread(unread: UnreadAnswers): SaccadeError {
	return new SaccadeError(
		"QUEUE_FULL",
		`clients have not read ${unread.byteCount} bytes of answers; retry when they have`,
		{ refusedBecause: "queue-full" },
	);
}

function jsonBytes({ bytes, jsonLength }: BodyParts): number {
	return jsonLength ?? bytes.byteLength;
}

const JSON_LENGTH = /^\d{1,15}$/;

/** By the head alone. Null: it says nothing, or nothing that makes sense, so all of the body may be JSON. */
function announcedJsonBytes(exchange: Exchange): number | null {
	const text = exchange.header(HEADER.inferenceHeaderLength);
	return text !== undefined && JSON_LENGTH.test(text) ? Number(text) : null;
}

/** Null: the header is absent. Throws INVALID_ARGUMENT with Triton's texts. */
function jsonLengthOf(exchange: Exchange, bodyBytes: number): number | null {
	const text = exchange.header(HEADER.inferenceHeaderLength);
	if (text === undefined) return null;
	if (!JSON_LENGTH.test(text))
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`Unable to parse Inference-Header-Content-Length, got: ${text}`,
		);
	const length = Number(text);
	if (length > bodyBytes)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`inference header size should be in range (0, ${bodyBytes}), got: ${length}`,
		);
	return length;
}
