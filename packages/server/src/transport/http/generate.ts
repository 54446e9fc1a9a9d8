// The generate extension: one flat JSON object in, one out. Keys that name an input are tensors, all others are
// parameters. A model that answers once sends one event on a stream.
import type {
	CallContext,
	InferInput,
	InferResponse,
} from "../../endpoint/endpoint.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { Lease, TensorSpec } from "../../tensor/tensor.ts";
import type { BodyParts, DecodedBody } from "./decode.ts";
import { asObject, readId } from "./json/fields.ts";
import { tensorFromJson, tensorToJson } from "./json/tensor-json.ts";
import { type JsonValue, parseJson } from "./json/tolerant-json.ts";
import { readParameters, requestOptions } from "./parameters.ts";

/**
 * @param inputs the model's, with their batch dimension
 * Throws MALFORMED or INVALID_ARGUMENT.
 */
export function decodeGenerate(
	body: BodyParts,
	inputs: readonly TensorSpec[],
	target: { readonly modelName: string; readonly modelVersion: string },
	context: CallContext,
	lease: Lease | null,
): DecodedBody {
	if (body.bytes.byteLength > body.maxJsonBytes)
		throw new SaccadeError(
			"TOO_LARGE",
			`request JSON size of ${body.bytes.byteLength} bytes exceeds the maximum allowed input size of ${body.maxJsonBytes} bytes. Use --http-max-input-size to increase the limit.`,
		);
	const root = asObject(
		parseJson(Buffer.from(body.bytes).toString("utf8")),
		"the request",
	);
	const given: InferInput[] = [];
	const others = new Map<string, JsonValue>();
	for (const [key, value] of Object.entries(root)) {
		const input = inputs.find(({ name }) => name === key);
		if (input !== undefined) given.push(toInput(input, value));
		else if (key === "parameters")
			for (const entry of Object.entries(asObject(value, "'parameters'")))
				others.set(...entry);
		else if (key !== "id") others.set(key, value);
	}
	const parameters = readParameters(Object.fromEntries(others));
	return {
		wantsBinary: () => false,
		request: {
			...target,
			...requestOptions(parameters, context),
			id: readId(root["id"]),
			inputs: given,
			outputs: null,
			lease,
		},
	};
}

/** `{"id"?, "model_name", "model_version", <output>: value or array}`; a single element stands without brackets. */
export function encodeGenerate(response: InferResponse): string {
	const fields = [
		`"model_name":${JSON.stringify(response.modelName)}`,
		`"model_version":"${response.modelVersion}"`,
		...response.outputs.map(({ name, dtype, shape, data }) => {
			const json = tensorToJson(dtype, data, name);
			const isSingle = shape.reduce((a, b) => a * b, 1) === 1;
			return `${JSON.stringify(name)}:${isSingle ? json.slice(1, -1) : json}`;
		}),
	];
	if (response.id !== "") fields.unshift(`"id":${JSON.stringify(response.id)}`);
	return `{${fields.join(",")}}`;
}

function toInput(spec: TensorSpec, value: JsonValue): InferInput {
	const shape = fitShape(spec.shape, countOf(value));
	const count = shape.reduce((a, b) => a * b, 1);
	return {
		name: spec.name,
		dtype: spec.dtype,
		shape,
		parameters: null,
		data: tensorFromJson(value, spec.dtype, count, spec.name),
	};
}

function countOf(value: JsonValue): number {
	if (!Array.isArray(value)) return 1;
	return value.reduce<number>((sum, item) => sum + countOf(item), 0);
}

/** The model's shape with its free dimensions filled: the last takes what the values ask for, others are 1. */
function fitShape(shape: readonly number[], count: number): number[] {
	const known = shape.reduce((a, b) => (b === -1 ? a : a * b), 1);
	const last = shape.lastIndexOf(-1);
	return shape.map((size, index) => {
		if (size !== -1) return size;
		return index === last ? Math.floor(count / Math.max(known, 1)) : 1;
	});
}
