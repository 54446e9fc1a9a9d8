// Inference over HTTP with the binary tensor extension, and sensor streams over WebSocket: nothing but what Node and
// browsers have.
// https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
import { DTYPE_BYTES, HEADER, isDType } from "@saccade/protocol";
import {
	ClientError,
	deadlineExceeded,
	toErrorCode,
	toRefusalReason,
	toTraceId,
} from "../client-error.ts";
import {
	assertDeadline,
	type InferenceClient,
	type InferRequest,
	type InferResponse,
	type Tensor,
	traceHeaders,
} from "../inference.ts";
import { type ClientClock, clockOf } from "../streams/client-clock.ts";
import type { Opening } from "../streams/opening.ts";
import { SensorStream, type StreamListener } from "../streams/sensor-stream.ts";
import { socketPipe } from "../streams/socket-pipe.ts";

const STREAM_PATH = "/saccade/v1/stream";

export class HttpClient implements InferenceClient {
	readonly #base: string;

	/** @param url `http://host:port`, `https://…`, or `host:port` */
	constructor(url: string) {
		const full = url.includes("://") ? url : `http://${url}`;
		if (!URL.canParse(full))
			throw new ClientError(
				"INVALID_ARGUMENT",
				`'${url}' is no address; give host:port or http://host:port`,
			);
		this.#base = full.replace(/\/$/, "");
	}

	async infer(request: InferRequest): Promise<InferResponse> {
		const { deadlineMs, signal } = request;
		assertDeadline(deadlineMs);
		const { body, headLength } = encode(request);
		const over = deadlineMs === undefined ? [] : [timeout(deadlineMs)];
		const given = signal === undefined ? [] : [signal];
		try {
			const response = await fetch(this.#base + pathOf(request), {
				method: "POST",
				body,
				headers: {
					[HEADER.inferenceHeaderLength]: String(headLength),
					...(deadlineMs !== undefined && {
						[HEADER.deadlineMs]: String(deadlineMs),
					}),
					...traceHeaders(request.trace),
				},
				signal: AbortSignal.any([...over, ...given]),
			});
			if (!response.ok) throw await refusalOf(response);
			return decode(
				new Uint8Array(await response.arrayBuffer()),
				response.headers.get(HEADER.inferenceHeaderLength),
			);
		} catch (error) {
			if (error instanceof ClientError) throw error;
			if (over[0]?.aborted === true) throw deadlineExceeded(deadlineMs ?? 0);
			if (signal?.aborted === true)
				throw new ClientError("CANCELLED", "cancelled by the caller");
			throw new ClientError(
				"UNAVAILABLE",
				`${this.#base} does not answer; is a server running there?`,
				{ cause: error, refusedBecause: "unavailable" },
			);
		}
	}

	/**
	 * Opens a sensor stream over a WebSocket of its own; `opened` of what comes tells whether it was accepted.
	 * @param clock of the timestamps. @default by the clock domain: CLOCK_MONOTONIC, or from the start of the process
	 * @throws ClientError UNSUPPORTED for the domain `host-monotonic` in a browser, unless a clock is given
	 */
	openStream(
		opening: Opening,
		listener: StreamListener = {},
		clock: ClientClock = clockOf(opening),
	): SensorStream {
		const url = this.#base.replace(/^http/, "ws") + STREAM_PATH;
		return new SensorStream(socketPipe(url), opening, clock, listener);
	}
}

/** Of whole ms at least: it must not come before the deadline that the server was told. */
function timeout(deadlineMs: number): AbortSignal {
	return AbortSignal.timeout(Math.ceil(deadlineMs));
}

function pathOf({ model, version }: InferRequest): string {
	const path = `/v2/models/${encodeURIComponent(model)}`;
	return version === undefined || version === ""
		? `${path}/infer`
		: `${path}/versions/${encodeURIComponent(version)}/infer`;
}

function encode({ inputs, outputs }: InferRequest): {
	readonly body: Uint8Array<ArrayBuffer>;
	readonly headLength: number;
} {
	const head = new TextEncoder().encode(
		JSON.stringify({
			inputs: inputs.map(({ name, datatype, shape, data }) => ({
				name,
				datatype,
				shape,
				parameters: { binary_data_size: data.byteLength },
			})),
			...(outputs !== undefined && {
				outputs: outputs.map((name) => ({
					name,
					parameters: { binary_data: true },
				})),
			}),
			parameters: { binary_data_output: true },
		}),
	);
	const byteLength = inputs.reduce(
		(sum, { data }) => sum + data.byteLength,
		head.byteLength,
	);
	const body = new Uint8Array(byteLength);
	body.set(head);
	let at = head.byteLength;
	for (const { data } of inputs) {
		body.set(data, at);
		at += data.byteLength;
	}
	return { body, headLength: head.byteLength };
}

function decode(bytes: Uint8Array, headLength: string | null): InferResponse {
	const length = headLength === null ? bytes.byteLength : Number(headLength);
	const head: unknown = JSON.parse(
		new TextDecoder().decode(bytes.subarray(0, length)),
	);
	if (!isRecord(head) || !Array.isArray(head["outputs"])) throw noAnswer();
	let at = length;
	const outputs = head["outputs"].map((output: unknown): Tensor => {
		const { name, datatype, shape, byteLength } = outputOf(output);
		if (at + byteLength > bytes.byteLength) throw noAnswer();
		// A copy, so that typed arrays may view it: it begins where the server's head ends.
		const data = bytes.slice(at, at + byteLength);
		at += byteLength;
		return { name, datatype, shape, data };
	});
	return {
		model: String(head["model_name"] ?? ""),
		version: String(head["model_version"] ?? ""),
		outputs,
	};
}

function outputOf(output: unknown) {
	if (!isRecord(output)) throw noAnswer();
	const { name, datatype, shape, parameters } = output;
	if (typeof name !== "string" || typeof datatype !== "string")
		throw noAnswer();
	if (!isDType(datatype) || !Array.isArray(shape)) throw noAnswer();
	const size = isRecord(parameters) ? parameters["binary_data_size"] : null;
	if (typeof size !== "number") throw noAnswer();
	const sizes = shape.map(Number);
	const elementCount = sizes.reduce((product, one) => product * one, 1);
	const isWhole =
		datatype === "BYTES" || size === elementCount * DTYPE_BYTES[datatype];
	if (!isWhole) throw noAnswer();
	return { name, datatype, shape: sizes, byteLength: size };
}

async function refusalOf(response: Response): Promise<ClientError> {
	const { status, headers } = response;
	const body = await response.text();
	return new ClientError(
		toErrorCode(headers.get(HEADER.errorCode)) ?? codeOfStatus(status),
		errorText(body) ?? `HTTP ${status}: ${body.slice(0, 200)}`,
		{
			refusedBecause: toRefusalReason(headers.get(HEADER.refusedBecause)),
			traceId: toTraceId(headers.get(HEADER.traceresponse)),
		},
	);
}

/** For servers that do not say. */
function codeOfStatus(status: number) {
	switch (status) {
		case 401:
			return "UNAUTHENTICATED";
		case 403:
			return "PERMISSION_DENIED";
		case 404:
			return "NOT_FOUND";
		case 499:
			return "CANCELLED";
		case 503:
			return "UNAVAILABLE";
		case 504:
			return "DEADLINE_EXCEEDED";
		default:
			return status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
	}
}

function errorText(body: string): string | null {
	try {
		const parsed: unknown = JSON.parse(body);
		const text = isRecord(parsed) ? parsed["error"] : null;
		return typeof text === "string" ? text : null;
	} catch {
		return null;
	}
}

function noAnswer(): ClientError {
	return new ClientError(
		"INTERNAL",
		"the answer is not one of the binary tensor extension; is this an inference server?",
	);
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null;
}
