// The generate extension: one flat JSON object in, one out. Keys that name an input are tensors, all others are
// parameters. A model that answers once sends one event on a stream.
import type { InferInput, InferResponse } from "../../endpoint/endpoint.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import { assertJsonSize, type BodyParts, type ParsedBody } from "./decode.ts";
import { asObject, readId, textOf } from "./json/fields.ts";
import { tensorFromJson, tensorSlices } from "./json/tensor-json.ts";
import { type JsonValue, parseJson } from "./json/tolerant-json.ts";
import { readParameters } from "./parameters.ts";

/**
 * @param inputs the model's, with their batch dimension
 * Throws MALFORMED, TOO_LARGE or INVALID_ARGUMENT.
 */
export function parseGenerate(
	body: BodyParts,
	inputs: readonly TensorSpec[],
): ParsedBody {
	assertJsonSize(body.bytes.byteLength, body.maxJsonBytes);
	const root = asObject(parseJson(textOf(body.bytes)), "the request");
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
	return {
		id: readId(root["id"]),
		inputs: given,
		outputs: null,
		parameters: readParameters(Object.fromEntries(others)),
	};
}

/**
 * `{"id"?, "model_name", "model_version", <output>: value or array}`, in slices that each take little time. A single
 * element stands without brackets. Throws INVALID_ARGUMENT, at the first, for types that JSON cannot hold.
 */
export function* generateSlices(response: InferResponse): Generator<string> {
	const outputs = response.outputs.map(({ name, dtype, shape, data }) => ({
		key: JSON.stringify(name),
		isSingle: shape.reduce((a, b) => a * b, 1) === 1,
		slices: tensorSlices(dtype, data, name),
	}));
	const id = response.id === "" ? "" : `"id":${JSON.stringify(response.id)},`;
	yield `{${id}"model_name":${JSON.stringify(response.modelName)},"model_version":"${response.modelVersion}"`;
	for (const { key, isSingle, slices } of outputs) {
		yield isSingle ? `,${key}:` : `,${key}:[`;
		yield* slices;
		if (!isSingle) yield "]";
	}
	yield "}";
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
