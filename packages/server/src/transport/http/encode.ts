// Answers → bytes. One buffer a response: JSON first, then the binary outputs in their order.
import type { InferResponse } from "../../endpoint/endpoint.ts";
import { tensorToJson } from "./json/tensor-json.ts";

export interface EncodedAnswer {
	readonly body: Buffer;
	/** Length of the JSON part when binary outputs follow; null: all is JSON. */
	readonly jsonLength: number | null;
}

/** Key order as Triton's. Throws INVALID_ARGUMENT for outputs that cannot travel as asked. */
export function encodeInfer(
	response: InferResponse,
	wantsBinary: (output: string) => boolean,
): EncodedAnswer {
	const payloads: Uint8Array[] = [];
	let binaryBytes = 0;
	const outputs = response.outputs.map(({ name, dtype, shape, data }) => {
		const start = `{"name":${JSON.stringify(name)},"datatype":"${dtype}","shape":[${shape.join(",")}]`;
		if (!wantsBinary(name))
			return `${start},"data":${tensorToJson(dtype, data, name)}}`;
		payloads.push(data);
		binaryBytes += data.byteLength;
		return `${start},"parameters":{"binary_data_size":${data.byteLength}}}`;
	});
	const id = response.id === "" ? "" : `"id":${JSON.stringify(response.id)},`;
	const json = `{${id}"model_name":${JSON.stringify(response.modelName)},"model_version":"${response.modelVersion}"${parametersOf(response)},"outputs":[${outputs.join(",")}]}`;
	if (binaryBytes === 0) return { body: Buffer.from(json), jsonLength: null };
	const jsonLength = Buffer.byteLength(json);
	const body = Buffer.allocUnsafe(jsonLength + binaryBytes);
	body.write(json, 0);
	let at = jsonLength;
	for (const payload of payloads) {
		body.set(payload, at);
		at += payload.byteLength;
	}
	return { body, jsonLength };
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
