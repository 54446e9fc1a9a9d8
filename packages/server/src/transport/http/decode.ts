// The body of an infer request → the service's shape. The JSON part says what the binary part holds; tensor bytes
// are views on the body.
import { type DType, isDType, PARAMETER } from "@saccade/protocol";
import type {
	CallContext,
	InferInput,
	InferRequest,
	Parameters,
	RequestedOutput,
} from "../../endpoint/endpoint.ts";
import {
	assertInline,
	assertOutputInline,
} from "../../endpoint/shared-memory.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { elementCount } from "../../tensor/shape.ts";
import type { Lease } from "../../tensor/tensor.ts";
import {
	arrayOf,
	asObject,
	type JsonObject,
	readId,
	stringOf,
	textOf,
} from "./json/fields.ts";
import { tensorFromJson } from "./json/tensor-json.ts";
import { type JsonValue, parseJson } from "./json/tolerant-json.ts";
import { readParameters, requestOptions, wholeNumber } from "./parameters.ts";

export interface DecodedBody {
	readonly request: InferRequest;
	/** How outputs travel: by name, or all alike when none were listed. */
	readonly wantsBinary: (output: string) => boolean;
}

export interface BodyParts {
	readonly bytes: Uint8Array;
	/** Length of the JSON part; null: all of the body. */
	readonly jsonLength: number | null;
	readonly maxJsonBytes: number;
}

/** What the JSON says, as plain data that can move between threads. Tensors are views on the body or bytes of their own. */
export interface ParsedBody {
	readonly id: string;
	readonly inputs: readonly InferInput[];
	readonly outputs: readonly RequestedOutput[] | null;
	readonly parameters: Parameters | null;
}

interface Target {
	readonly modelName: string;
	readonly modelVersion: string;
}

/** As a client names tensors; more serve nobody. */
const MAX_TENSOR_COUNT = 1000;
const MAX_RANK = 64;

/** Throws MALFORMED, TOO_LARGE or INVALID_ARGUMENT. */
export function parseInfer(body: BodyParts, modelName: string): ParsedBody {
	const { bytes } = body;
	const jsonLength = body.jsonLength ?? bytes.byteLength;
	assertJsonSize(jsonLength, body.maxJsonBytes);
	const root = asObject(
		parseJson(textOf(bytes.subarray(0, jsonLength))),
		"the request",
	);
	const binary = new BinaryPart(bytes, jsonLength);
	const inputs = tensorsOf(root["inputs"], "inputs", true).map((value) =>
		readInput(asObject(value, "an input"), binary, modelName),
	);
	binary.assertUsed(modelName);
	const outputs = tensorsOf(root["outputs"], "outputs", false).map(readOutput);
	return {
		id: readId(root["id"]),
		inputs,
		outputs: outputs.length === 0 ? null : outputs,
		parameters: readParameters(root["parameters"]),
	};
}

export function assertJsonSize(byteLength: number, limit: number): void {
	if (byteLength > limit)
		throw new SaccadeError(
			"TOO_LARGE",
			`request JSON size of ${byteLength} bytes exceeds the maximum allowed input size of ${limit} bytes. Use --http-max-input-size to increase the limit.`,
		);
}

/** With what the head and the parameters say about how it is served. Throws INVALID_ARGUMENT. */
export function toDecoded(
	parsed: ParsedBody,
	target: Target,
	context: CallContext,
	lease: Lease | null,
): DecodedBody {
	const { id, inputs, outputs, parameters } = parsed;
	const allBinary = parameters?.get(PARAMETER.binaryDataOutput) === true;
	return {
		wantsBinary: (name) => {
			const listed = outputs?.find((output) => output.name === name);
			// `binary_data_output` counts only when no outputs are listed (server/src/http_server.cc).
			return listed === undefined
				? allBinary
				: listed.parameters?.get(PARAMETER.binaryData) === true;
		},
		request: {
			...target,
			...requestOptions(parameters, context),
			id,
			inputs,
			outputs,
			lease,
		},
	};
}

/** Throws as `parseInfer` and `toDecoded`. */
export function decodeInfer(
	body: BodyParts,
	target: Target,
	context: CallContext,
	lease: Lease | null,
): DecodedBody {
	const parsed = parseInfer(body, target.modelName);
	return toDecoded(parsed, target, context, lease);
}

function tensorsOf(
	value: JsonValue | undefined,
	field: string,
	required: boolean,
): JsonValue[] {
	const list = arrayOf(value, field, required);
	if (list.length <= MAX_TENSOR_COUNT) return list;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`'${field}' has ${list.length} entries, the most is ${MAX_TENSOR_COUNT}`,
	);
}

/** A raw request: the body is the model's single input. */
export function decodeRaw(
	bytes: Uint8Array,
	input: {
		readonly name: string;
		readonly dtype: DType;
		readonly shape: readonly number[];
	},
	target: { readonly modelName: string; readonly modelVersion: string },
	context: CallContext,
	lease: Lease | null,
): DecodedBody {
	return {
		wantsBinary: () => true,
		request: {
			...target,
			id: "",
			inputs: [{ ...input, data: bytes, parameters: null }],
			outputs: null,
			parameters: null,
			priority: 0,
			timeoutUs: 0,
			sequence: null,
			deadlineUs: context.deadlineUs,
			receivedUs: context.receivedUs,
			lease,
		},
	};
}

/** Binary payloads follow the JSON in the order of the inputs. */
class BinaryPart {
	readonly #bytes: Uint8Array;
	#at: number;

	constructor(bytes: Uint8Array, start: number) {
		this.#bytes = bytes;
		this.#at = start;
	}

	take(byteLength: number, input: string, model: string): Uint8Array {
		const missing = this.#at + byteLength - this.#bytes.byteLength;
		if (missing > 0)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`unexpected size for input '${input}', expecting ${missing} additional bytes for model '${model}'`,
			);
		const start = this.#at;
		this.#at += byteLength;
		return this.#bytes.subarray(start, this.#at);
	}

	assertUsed(model: string): void {
		if (this.#at < this.#bytes.byteLength)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`unexpected additional input data for model '${model}': ${this.#bytes.byteLength - this.#at} bytes`,
			);
	}
}

function readInput(
	input: JsonObject,
	binary: BinaryPart,
	model: string,
): InferInput {
	const name = stringOf(input["name"], "name");
	const dtype = stringOf(input["datatype"], "datatype");
	if (!isDType(dtype))
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`inference input '${name}' has data-type '${dtype}', which is none of the protocol's`,
		);
	const sizes = arrayOf(input["shape"], "shape", true);
	if (sizes.length > MAX_RANK)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`shape of input '${name}' has ${sizes.length} dimensions, the most is ${MAX_RANK}`,
		);
	const shape = sizes.map(dimensionOf);
	const parameters = readParameters(input["parameters"]);
	const byteLength = parameters?.get(PARAMETER.binaryDataSize);
	assertOneSource(
		input["data"] !== undefined,
		byteLength !== undefined,
		parameters?.has(PARAMETER.sharedMemoryRegion) === true,
	);
	assertInline(parameters);
	if (byteLength !== undefined) {
		const size = wholeNumber(byteLength);
		if (size === null)
			throw new SaccadeError(
				"MALFORMED",
				`Unable to parse 'binary_data_size': '${String(byteLength)}' is no size`,
			);
		return {
			name,
			dtype,
			shape,
			parameters,
			data: binary.take(size, name, model),
		};
	}
	const count = elementCount(shape);
	if (count === null)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`shape [${shape}] of input '${name}' causes total element count to exceed maximum size of ${Number.MAX_SAFE_INTEGER}`,
		);
	return {
		name,
		dtype,
		shape,
		parameters,
		data: tensorFromJson(input["data"] ?? [], dtype, count, name),
	};
}

/** Beyond 2^53 it is not exact any more; nothing that large fits a model. */
function dimensionOf(size: JsonValue): number {
	const isWhole = typeof size === "bigint" || Number.isSafeInteger(size);
	if (isWhole && Number(size) >= 0) return Number(size);
	throw new SaccadeError(
		"MALFORMED",
		"Unable to parse 'shape': attempt to access JSON non-unsigned-integer as unsigned-integer",
	);
}

function assertOneSource(
	data: boolean,
	binary: boolean,
	region: boolean,
): void {
	const set = [
		data && "'data'",
		binary && "'binary_data_size'",
		region && "'shared_memory_region'",
	].filter((name) => name !== false);
	if (set.length === 1) return;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'. But ${set.length === 0 ? "no field is set" : `set ${set.join(", ")}`}`,
	);
}

function readOutput(value: JsonValue): RequestedOutput {
	const output = asObject(value, "an output");
	const name = stringOf(output["name"], "name");
	const parameters = readParameters(output["parameters"]);
	assertOutputInline(parameters);
	const classification = parameters?.get(PARAMETER.classification);
	const count = classification === undefined ? 0 : wholeNumber(classification);
	if (count === null)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`parameter 'classification' of output '${name}' must be a count, got '${String(classification)}'`,
		);
	return { name, classification: count, parameters };
}
