// Scenarios over HTTP, as JSON alone and with the binary extension, through plain node:http. Bodies of announced length
// are read by the server's own parser, bodies in chunks by its node:http.
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { DType } from "@saccade/protocol";
import type {
	Answer,
	Outcome,
	Parameter,
	ScenarioInput,
	ScenarioRequest,
	ScenarioTransport,
} from "../scenario.ts";
import {
	fromBytes,
	type TensorValues,
	toBytes,
	type Value,
} from "../tensors.ts";

export interface HttpAnswer {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly body: Buffer;
}

export interface HttpAsk {
	readonly method?: string;
	readonly path: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: Uint8Array | string;
	readonly signal?: AbortSignal | undefined;
}

export type Framing = "length" | "chunks";

export class HttpClient {
	readonly framing: Framing;
	readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
	readonly #address: AddressInfo;

	constructor(address: AddressInfo, framing: Framing = "length") {
		this.#address = address;
		this.framing = framing;
	}

	/** POST when there is a body, else GET. */
	ask({
		path,
		headers = {},
		body,
		signal,
		...rest
	}: HttpAsk): Promise<HttpAnswer> {
		const method = rest.method ?? (body === undefined ? "GET" : "POST");
		return new Promise((resolve, reject) => {
			const outgoing = request(
				{
					host: this.#address.address,
					port: this.#address.port,
					agent: this.#agent,
					method,
					path,
					headers: {
						...headers,
						...(body !== undefined && this.#framed(body)),
					},
					...(signal !== undefined && { signal }),
				},
				(response) => {
					const chunks: Buffer[] = [];
					response.on("data", (chunk: Buffer) => chunks.push(chunk));
					response.on("error", reject);
					response.on("end", () =>
						resolve({
							status: response.statusCode ?? 0,
							headers: response.headers,
							body: Buffer.concat(chunks),
						}),
					);
				},
			);
			outgoing.on("error", reject);
			outgoing.end(body);
		});
	}

	#framed(body: Uint8Array | string): Readonly<Record<string, string>> {
		return this.framing === "chunks"
			? { "transfer-encoding": "chunked" }
			: { "content-length": String(Buffer.byteLength(body)) };
	}

	close(): void {
		this.#agent.destroy();
	}
}

export function createHttpTransport(
	client: HttpClient,
	form: "JSON" | "binary",
): ScenarioTransport {
	const isBinary = form === "binary";
	return {
		name: `HTTP ${form}${client.framing === "chunks" ? " in chunks" : ""}`,
		kind: "http",
		infer: async (ask, signal) => {
			const { json, payload } = encode(ask, isBinary);
			const answer = await client.ask({
				path: pathOf(ask),
				headers: {
					...ask.headers,
					...(isBinary && {
						"Inference-Header-Content-Length": String(Buffer.byteLength(json)),
					}),
				},
				body: Buffer.concat([Buffer.from(json), payload]),
				signal,
			});
			return toOutcome(answer);
		},
		close: () => {},
	};
}

function pathOf({ model, version }: ScenarioRequest): string {
	const base = `/v2/models/${encodeURIComponent(model)}`;
	return version === undefined
		? `${base}/infer`
		: `${base}/versions/${version}/infer`;
}

function encode(ask: ScenarioRequest, isBinary: boolean) {
	const payloads: Uint8Array[] = [];
	const inputs = ask.inputs.map((input) =>
		encodeInput(input, isBinary, payloads),
	);
	const outputs = ask.outputs?.map(({ name, parameters = {} }) => ({
		name,
		parameters: { ...(isBinary && { binary_data: true }), ...parameters },
	}));
	const parameters = {
		...(isBinary && outputs === undefined && { binary_data_output: true }),
		...ask.parameters,
	};
	const json = toJson({
		...(ask.id !== undefined && { id: ask.id }),
		...(Object.keys(parameters).length > 0 && { parameters }),
		inputs,
		...(outputs !== undefined && { outputs }),
	});
	return { json, payload: Buffer.concat(payloads) };
}

function encodeInput(
	input: ScenarioInput,
	isBinary: boolean,
	payloads: Uint8Array[],
) {
	const { name, dtype, shape, values, absent = false } = input;
	const parameters: Record<string, Parameter> = { ...input.parameters };
	const described = { name, shape, datatype: dtype };
	if (absent) return { ...described, parameters };
	if (!isBinary) return { ...described, parameters, data: values };
	const bytes = input.bytes ?? toBytes(dtype, values);
	payloads.push(bytes);
	parameters["binary_data_size"] = bytes.byteLength;
	return { ...described, parameters };
}

/** JSON with bigints as numbers and the literals NaN, Infinity and −Infinity. */
export function toJson(value: unknown): string {
	if (Object.is(value, -0)) return "-0.0";
	if (typeof value === "bigint" || typeof value === "number")
		return String(value);
	if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
	if (typeof value === "object" && value !== null)
		return `{${Object.entries(value)
			.map(([key, item]) => `${JSON.stringify(key)}:${toJson(item)}`)
			.join(",")}}`;
	return JSON.stringify(value);
}

interface JsonOutput {
	readonly name: string;
	readonly datatype: DType;
	readonly shape: readonly number[];
	readonly data?: readonly unknown[];
	readonly parameters?: { readonly binary_data_size: number };
}

export function toOutcome({ status, headers, body }: HttpAnswer): Outcome {
	const headerLength = headers["inference-header-content-length"];
	const jsonLength =
		headerLength === undefined ? body.byteLength : Number(headerLength);
	const root = exactJson(body.toString("utf8", 0, jsonLength)) as Record<
		string,
		unknown
	>;
	if (status !== 200)
		return {
			ok: false,
			status,
			text: String(root["error"]),
			refusedBecause: String(headers["saccade-refused-because"] ?? "") || null,
		};
	let at = jsonLength;
	const outputs = (root["outputs"] as JsonOutput[]).map(
		(output): TensorValues => {
			const { name, datatype: dtype, shape, data, parameters } = output;
			if (data !== undefined)
				return {
					name,
					dtype,
					shape,
					values: data.map((item) => typed(dtype, item)),
				};
			const end = at + (parameters?.binary_data_size ?? 0);
			const values = fromBytes(dtype, body.subarray(at, end));
			at = end;
			return { name, dtype, shape, values };
		},
	);
	const answer: Answer = {
		model: String(root["model_name"]),
		version: String(root["model_version"]),
		id: String(root["id"] ?? ""),
		outputs,
	};
	return { ok: true, answer };
}

/** Numbers stay text, so that none is rounded; the literals that JSON lacks become text too. */
function exactJson(text: string): unknown {
	const readable = text.replace(
		/(?<=[[,:])(-?Infinity|NaN)(?=[\],}])/g,
		'"$1"',
	);
	const reviver = (
		key: string,
		value: unknown,
		context?: { readonly source?: string },
	) =>
		typeof value === "number" &&
		key !== "binary_data_size" &&
		!Number.isSafeInteger(value)
			? context?.source
			: value;
	return JSON.parse(readable, reviver);
}

function typed(dtype: DType, item: unknown): Value {
	if (dtype === "BOOL") return item === true;
	if (dtype === "BYTES") return String(item);
	if (dtype === "INT64" || dtype === "UINT64") return BigInt(String(item));
	return Number(item);
}
