// Answers → bytes. One buffer a response: JSON first, then the binary outputs in their order.
import type { InferResponse } from "../../endpoint/endpoint.ts";
import { copiedBytes } from "../../tensor/copied-bytes.ts";
import { tensorSlices } from "./json/tensor-json.ts";

export interface EncodedAnswer {
	readonly body: Buffer;
	/** Length of the JSON part when binary outputs follow; null: all is JSON. */
	readonly jsonLength: number | null;
}

/** Which outputs travel as bytes behind the JSON. */
export type WantsBinary = (output: string) => boolean;

/** Throws INVALID_ARGUMENT for outputs that cannot travel as asked. */
export function encodeInfer(
	response: InferResponse,
	wantsBinary: WantsBinary,
): EncodedAnswer {
	let json = "";
	for (const slice of inferSlices(response, wantsBinary)) json += slice;
	const payloads = binaryOutputs(response, wantsBinary);
	if (payloads.length === 0)
		return { body: Buffer.from(json), jsonLength: null };
	const jsonLength = Buffer.byteLength(json);
	const binaryBytes = payloads.reduce((sum, data) => sum + data.byteLength, 0);
	const body = Buffer.allocUnsafe(jsonLength + binaryBytes);
	body.write(json, 0);
	let at = jsonLength;
	for (const payload of payloads) {
		body.set(payload, at);
		copiedBytes.answer += payload.byteLength;
		at += payload.byteLength;
	}
	return { body, jsonLength };
}

/** Those with bytes: empty ones do not make an answer binary. */
export function binaryOutputs(
	{ outputs }: InferResponse,
	wantsBinary: WantsBinary,
): Uint8Array[] {
	return outputs
		.filter(({ name, data }) => data.byteLength > 0 && wantsBinary(name))
		.map(({ data }) => data);
}

/** The JSON part in slices that each take little time. Key order as Triton's. Throws as `encodeInfer`, at the first. */
export function* inferSlices(
	response: InferResponse,
	wantsBinary: WantsBinary,
): Generator<string> {
	const outputs = response.outputs.map(({ name, dtype, shape, data }) => ({
		start: `{"name":${JSON.stringify(name)},"datatype":"${dtype}","shape":[${shape.join(",")}]`,
		byteLength: data.byteLength,
		slices: wantsBinary(name) ? null : tensorSlices(dtype, data, name),
	}));
	const id = response.id === "" ? "" : `"id":${JSON.stringify(response.id)},`;
	yield `{${id}"model_name":${JSON.stringify(response.modelName)},"model_version":"${response.modelVersion}"${parametersOf(response)},"outputs":[`;
	let separator = "";
	for (const { start, byteLength, slices } of outputs) {
		yield separator + start;
		separator = ",";
		if (slices === null) {
			yield `,"parameters":{"binary_data_size":${byteLength}}}`;
			continue;
		}
		yield ',"data":[';
		yield* slices;
		yield "]}";
	}
	yield "]}";
}

function parametersOf({ parameters }: InferResponse): string {
	if (parameters === null) return "";
	const entries = [...parameters].map(
		([key, value]) =>
			`${JSON.stringify(key)}:${typeof value === "string" ? JSON.stringify(value) : String(value)}`,
	);
	return `,"parameters":{${entries.join(",")}}`;
}

/** Compact JSON of an error: the C++ client parses every error body. */
export function encodeError(message: string): Buffer {
	return Buffer.from(JSON.stringify({ error: message.toWellFormed() }));
}

/** JSON whose bigints are numbers, as int64 fields are printed. */
export function encodeJson(value: unknown): Buffer {
	return Buffer.from(
		JSON.stringify(value, (_key, item: unknown) =>
			typeof item === "bigint" ? Number(item) : item,
		),
	);
}
