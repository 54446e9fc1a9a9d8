// The body of an infer request → the service's shape. The JSON part says what the binary part holds; tensor bytes
// are views on the body.
import { type DType, isDType, PARAMETER } from "@saccade/protocol";
import type {
	CallContext,
	InferInput,
	InferRequest,
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

/** Throws MALFORMED or INVALID_ARGUMENT. */
export function decodeInfer(
	body: BodyParts,
	target: { readonly modelName: string; readonly modelVersion: string },
	context: CallContext,
	lease: Lease | null,
): DecodedBody {
	const { bytes } = body;
	const jsonLength = body.jsonLength ?? bytes.byteLength;
	if (jsonLength > body.maxJsonBytes)
		throw new SaccadeError(
			"TOO_LARGE",
			`request JSON size of ${jsonLength} bytes exceeds the maximum allowed input size of ${body.maxJsonBytes} bytes. Use --http-max-input-size to increase the limit.`,
		);
	const root = asObject(parseJson(text(bytes, jsonLength)), "the request");
	const binary = new BinaryPart(bytes, jsonLength);
	const inputs = arrayOf(root["inputs"], "inputs", true).map((value) =>
		readInput(asObject(value, "an input"), binary, target.modelName),
	);
	binary.assertUsed(target.modelName);
	const parameters = readParameters(root["parameters"]);
	const outputs =
		root["outputs"] === undefined
			? null
			: arrayOf(root["outputs"], "outputs", false).map(readOutput);
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
			id: readId(root["id"]),
			inputs,
			outputs: outputs === null || outputs.length === 0 ? null : outputs,
			lease,
		},
	};
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
	const shape = arrayOf(input["shape"], "shape", true).map(dimensionOf);
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

function text(bytes: Uint8Array, length: number): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("utf8");
}
