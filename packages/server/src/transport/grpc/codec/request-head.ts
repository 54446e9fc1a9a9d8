// Everything of a ModelInferRequest but its tensor bytes: names, types, shapes, parameters. Fields may come in any
// order; what is not known is skipped.
import { type DType, isDType } from "@saccade/protocol";
import type {
	Parameters,
	ParameterValue,
	RequestedOutput,
} from "../../../endpoint/endpoint.ts";
import {
	assertInline,
	assertOutputInline,
} from "../../../endpoint/shared-memory.ts";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import { malformed, WIRE, WireReader } from "../../../wire/wire-reader.ts";
import {
	type KnownParameters,
	readParameter,
	takeKnownParameters,
} from "./parameters.ts";

/** More tensors than this in one request serve nobody. */
const MAX_TENSORS = 1000;
const MAX_RANK = 64;

/** Tags of ModelInferRequest; all its fields are length-delimited. */
export const TAG = {
	modelName: (1 << 3) | WIRE.LEN,
	modelVersion: (2 << 3) | WIRE.LEN,
	id: (3 << 3) | WIRE.LEN,
	parameters: (4 << 3) | WIRE.LEN,
	inputs: (5 << 3) | WIRE.LEN,
	outputs: (6 << 3) | WIRE.LEN,
	rawInputContents: (7 << 3) | WIRE.LEN,
} as const;

export interface HeadInput {
	readonly name: string;
	readonly dtype: DType;
	readonly shape: readonly number[];
	readonly parameters: Parameters | null;
	/** Typed values, still encoded. */
	readonly contents: Uint8Array | null;
}

/** What requests of one client have in common; the id differs and is kept apart. */
export interface InferHead extends KnownParameters {
	readonly modelName: string;
	readonly modelVersion: string;
	readonly inputs: readonly HeadInput[];
	readonly outputs: readonly RequestedOutput[] | null;
}

/** A whole message, and where its parts lie in it. */
export interface ParsedRequest {
	readonly head: InferHead;
	readonly id: string;
	readonly raw: readonly Uint8Array[];
	/** Offset of the first raw contents; −1 when there are none. */
	readonly rawStart: number;
	/** Offsets of the one id field; −1 when there is none. */
	readonly idStart: number;
	readonly idEnd: number;
	/** False when no later message can be recognised by these bytes. */
	readonly isPlain: boolean;
}

/** Throws MALFORMED or INVALID_ARGUMENT. */
export function parseRequest(bytes: Uint8Array): ParsedRequest {
	const reader = new WireReader(bytes);
	let modelName = "";
	let modelVersion = "";
	let id = "";
	let parameters: Map<string, ParameterValue> | null = null;
	const inputs: HeadInput[] = [];
	const outputs: RequestedOutput[] = [];
	const raw: Uint8Array[] = [];
	let rawStart = -1;
	let idStart = -1;
	let idEnd = -1;
	let isPlain = true;
	while (reader.hasMore) {
		const fieldStart = reader.at;
		const tag = reader.tag();
		if (rawStart >= 0 && tag !== TAG.rawInputContents) isPlain = false;
		switch (tag) {
			case TAG.modelName:
				modelName = reader.string();
				break;
			case TAG.modelVersion:
				modelVersion = reader.string();
				break;
			case TAG.id:
				if (idStart >= 0) isPlain = false;
				id = reader.string();
				idStart = fieldStart;
				idEnd = reader.at;
				break;
			case TAG.parameters:
				parameters ??= new Map();
				readParameter(reader.message(), parameters);
				break;
			case TAG.inputs:
				assertRoom(inputs.length, "inputs");
				inputs.push(readInput(reader.message()));
				break;
			case TAG.outputs:
				assertRoom(outputs.length, "outputs");
				outputs.push(readOutput(reader.message()));
				break;
			case TAG.rawInputContents:
				assertRoom(raw.length, "raw_input_contents");
				if (rawStart < 0) rawStart = fieldStart;
				raw.push(reader.view());
				break;
			default:
				reader.skip(tag);
		}
	}
	const head = {
		modelName,
		modelVersion,
		inputs,
		outputs: outputs.length === 0 ? null : outputs,
		...takeKnownParameters(parameters),
	};
	return { head, id, raw, rawStart, idStart, idEnd, isPlain };
}

export function assertRoom(count: number, what: string): void {
	if (count >= MAX_TENSORS) throw malformed(`more than ${MAX_TENSORS} ${what}`);
}

function readInput(reader: WireReader): HeadInput {
	let name = "";
	let datatype = "";
	const shape: number[] = [];
	let parameters: Map<string, ParameterValue> | null = null;
	let contents: Uint8Array | null = null;
	while (reader.hasMore) {
		const tag = reader.tag();
		switch (tag) {
			case (1 << 3) | WIRE.LEN:
				name = reader.string();
				break;
			case (2 << 3) | WIRE.LEN:
				datatype = reader.string();
				break;
			case (3 << 3) | WIRE.LEN: {
				const packed = reader.message();
				while (packed.hasMore) pushDimension(shape, packed);
				break;
			}
			case (3 << 3) | WIRE.VARINT:
				pushDimension(shape, reader);
				break;
			case (4 << 3) | WIRE.LEN:
				parameters ??= new Map();
				readParameter(reader.message(), parameters);
				break;
			case (5 << 3) | WIRE.LEN:
				// No encoder splits a submessage, and joining the parts would copy what is big.
				if (contents !== null) throw malformed("contents twice in one input");
				contents = reader.view();
				break;
			default:
				reader.skip(tag);
		}
	}
	assertInline(parameters);
	if (!isDType(datatype))
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`inference input '${name}' has data-type '${datatype}', which is none of the protocol's`,
		);
	return { name, dtype: datatype, shape, parameters, contents };
}

function pushDimension(shape: number[], reader: WireReader): void {
	if (shape.length >= MAX_RANK)
		throw malformed(`more than ${MAX_RANK} dimensions`);
	shape.push(reader.int64());
}

function readOutput(reader: WireReader): RequestedOutput {
	let name = "";
	let parameters: Map<string, ParameterValue> | null = null;
	while (reader.hasMore) {
		const tag = reader.tag();
		if (tag === ((1 << 3) | WIRE.LEN)) name = reader.string();
		else if (tag === ((2 << 3) | WIRE.LEN)) {
			parameters ??= new Map();
			readParameter(reader.message(), parameters);
		} else reader.skip(tag);
	}
	assertOutputInline(parameters);
	const classification = classCount(parameters?.get("classification"), name);
	return { name, classification, parameters };
}

function classCount(value: ParameterValue | undefined, name: string): number {
	if (value === undefined) return 0;
	const count = typeof value === "bigint" ? Number(value) : Number.NaN;
	if (Number.isSafeInteger(count) && count > 0) return count;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`parameter 'classification' of output '${name}' must be an integer > 0, got '${String(value)}'`,
	);
}
