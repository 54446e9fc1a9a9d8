// ModelInferRequest, read where it lies: tensor bytes are views, never copies. Clients send the same head (names,
// types, shapes, parameters) again and again before the raw contents, so the last one is kept and recognised by
// its exact bytes.
import { type DType, isDType } from "@saccade/protocol";
import type {
	Parameters,
	ParameterValue,
	RequestedOutput,
} from "../../../endpoint/endpoint.ts";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import {
	type KnownParameters,
	readParameter,
	takeKnownParameters,
} from "./parameters.ts";
import { readTypedContents } from "./typed-contents.ts";
import { malformed, WIRE, WireReader } from "./wire.ts";

const MAX_TENSORS = 1000;
const MAX_RANK = 64;
const RAW_CONTENTS_TAG = (7 << 3) | WIRE.LEN;

interface HeadInput {
	readonly name: string;
	readonly dtype: DType;
	readonly shape: readonly number[];
	readonly parameters: Parameters | null;
	readonly contents: Uint8Array | null;
}

/** Everything but the raw contents. */
interface RequestHead extends KnownParameters {
	readonly modelName: string;
	readonly modelVersion: string;
	readonly id: string;
	readonly inputs: readonly HeadInput[];
	readonly outputs: readonly RequestedOutput[] | null;
}

export interface DecodedInput {
	readonly name: string;
	readonly dtype: DType;
	readonly shape: readonly number[];
	readonly parameters: Parameters | null;
	readonly data: Uint8Array;
}

export interface DecodedRequest {
	readonly head: RequestHead;
	readonly inputs: readonly DecodedInput[];
}

export class InferRequestReader {
	#cachedBytes: Uint8Array = new Uint8Array(0);
	#cachedHead: RequestHead | null = null;

	/** Throws MALFORMED or INVALID_ARGUMENT. Views point into `bytes`. */
	read(bytes: Uint8Array): DecodedRequest {
		const cached = this.#cachedHead;
		if (cached !== null && this.#startsWithCached(bytes)) {
			const raw = readRawContents(bytes, this.#cachedBytes.byteLength);
			if (raw !== null) return { head: cached, inputs: joinRaw(cached, raw) };
		}
		return this.#readWhole(bytes);
	}

	#startsWithCached(bytes: Uint8Array): boolean {
		const known = this.#cachedBytes;
		if (bytes[known.byteLength] !== RAW_CONTENTS_TAG) return false;
		for (let i = 0; i < known.byteLength; i++)
			if (bytes[i] !== known[i]) return false;
		return true;
	}

	#readWhole(bytes: Uint8Array): DecodedRequest {
		const raw: Uint8Array[] = [];
		let headEnd = -1;
		const head = readHead(bytes, (view, fieldStart) => {
			if (headEnd < 0) headEnd = fieldStart;
			if (raw.length >= MAX_TENSORS)
				throw malformed(`more than ${MAX_TENSORS} tensors`);
			raw.push(view);
		});
		const inputs = raw.length > 0 ? joinRaw(head, raw) : typedInputs(head);
		// Only a head that ends where the raw contents begin can be recognised by its bytes.
		if (headEnd > 0 && head.inputs.every(({ contents }) => contents === null)) {
			const tail = readRawContents(bytes, headEnd);
			if (tail !== null) {
				this.#cachedBytes = bytes.slice(0, headEnd);
				this.#cachedHead = head;
			}
		}
		return { head, inputs };
	}
}

/** Every field from `start` on must be raw contents; null otherwise. */
function readRawContents(
	bytes: Uint8Array,
	start: number,
): Uint8Array[] | null {
	const reader = new WireReader(bytes, start);
	const raw: Uint8Array[] = [];
	while (reader.hasMore) {
		if (reader.bytes[reader.at] !== RAW_CONTENTS_TAG) return null;
		reader.at++;
		if (raw.length >= MAX_TENSORS)
			throw malformed(`more than ${MAX_TENSORS} tensors`);
		raw.push(reader.view());
	}
	return raw;
}

function readHead(
	bytes: Uint8Array,
	onRaw: (view: Uint8Array, fieldStart: number) => void,
): RequestHead {
	const reader = new WireReader(bytes);
	let modelName = "";
	let modelVersion = "";
	let id = "";
	let parameters: Map<string, ParameterValue> | null = null;
	const inputs: HeadInput[] = [];
	const outputs: RequestedOutput[] = [];
	while (reader.hasMore) {
		const fieldStart = reader.at;
		const tag = reader.varint();
		switch (tag) {
			case (1 << 3) | WIRE.LEN:
				modelName = reader.string();
				break;
			case (2 << 3) | WIRE.LEN:
				modelVersion = reader.string();
				break;
			case (3 << 3) | WIRE.LEN:
				id = reader.string();
				break;
			case (4 << 3) | WIRE.LEN:
				parameters ??= new Map();
				readParameter(reader.message(), parameters);
				break;
			case (5 << 3) | WIRE.LEN:
				if (inputs.length >= MAX_TENSORS)
					throw malformed(`more than ${MAX_TENSORS} inputs`);
				inputs.push(readInput(reader.message()));
				break;
			case (6 << 3) | WIRE.LEN:
				if (outputs.length >= MAX_TENSORS)
					throw malformed(`more than ${MAX_TENSORS} outputs`);
				outputs.push(readOutput(reader.message()));
				break;
			case RAW_CONTENTS_TAG:
				onRaw(reader.view(), fieldStart);
				break;
			default:
				reader.skip(tag & 7);
		}
	}
	return {
		modelName,
		modelVersion,
		id,
		inputs,
		outputs: outputs.length === 0 ? null : outputs,
		...takeKnownParameters(parameters),
	};
}

function readInput(reader: WireReader): HeadInput {
	let name = "";
	let datatype = "";
	const shape: number[] = [];
	let parameters: Map<string, ParameterValue> | null = null;
	let contents: Uint8Array | null = null;
	while (reader.hasMore) {
		const tag = reader.varint();
		switch (tag) {
			case (1 << 3) | WIRE.LEN:
				name = reader.string();
				break;
			case (2 << 3) | WIRE.LEN:
				datatype = reader.string();
				break;
			case (3 << 3) | WIRE.LEN: {
				const packed = reader.message();
				while (packed.hasMore) pushDimension(shape, packed.varint64());
				break;
			}
			case (3 << 3) | WIRE.VARINT:
				pushDimension(shape, reader.varint64());
				break;
			case (4 << 3) | WIRE.LEN:
				parameters ??= new Map();
				readParameter(reader.message(), parameters);
				break;
			case (5 << 3) | WIRE.LEN:
				contents = reader.view();
				break;
			default:
				reader.skip(tag & 7);
		}
	}
	if (!isDType(datatype))
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`inference input '${name}' has data-type '${datatype}', which is none of the protocol's`,
		);
	return { name, dtype: datatype, shape, parameters, contents };
}

function pushDimension(shape: number[], raw: bigint): void {
	if (shape.length >= MAX_RANK)
		throw malformed(`more than ${MAX_RANK} dimensions`);
	shape.push(Number(BigInt.asIntN(64, raw)));
}

function readOutput(reader: WireReader): RequestedOutput {
	let name = "";
	let parameters: Map<string, ParameterValue> | null = null;
	while (reader.hasMore) {
		const tag = reader.varint();
		if (tag === ((1 << 3) | WIRE.LEN)) name = reader.string();
		else if (tag === ((2 << 3) | WIRE.LEN)) {
			parameters ??= new Map();
			readParameter(reader.message(), parameters);
		} else reader.skip(tag & 7);
	}
	const classification = parameters?.get("classification");
	const count = classification === undefined ? 0 : Number(classification);
	if (classification !== undefined && !(count > 0))
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`parameter 'classification' of output '${name}' must be > 0, got ${count}`,
		);
	return { name, classification: count, parameters };
}

function joinRaw(
	head: RequestHead,
	raw: readonly Uint8Array[],
): DecodedInput[] {
	const { inputs, modelName } = head;
	const joined: DecodedInput[] = [];
	for (let i = 0; i < inputs.length; i++) {
		const input = inputs[i]!;
		if (input.contents !== null)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`contents field must not be specified when using raw_input_contents for '${input.name}' for model '${modelName}'`,
			);
		const data = raw[i];
		if (data === undefined) throw noData(input, modelName);
		joined.push({
			name: input.name,
			dtype: input.dtype,
			shape: input.shape,
			parameters: input.parameters,
			data,
		});
	}
	if (raw.length > inputs.length)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`expected ${inputs.length} raw_input_contents but got ${raw.length} for model '${modelName}'`,
		);
	return joined;
}

function typedInputs(head: RequestHead): DecodedInput[] {
	return head.inputs.map((input) => {
		const { name, dtype, shape, parameters, contents } = input;
		const isEmpty = shape.includes(0);
		if (contents === null && !isEmpty) throw noData(input, head.modelName);
		const data =
			contents === null
				? new Uint8Array(0)
				: readTypedContents(contents, dtype, name);
		return { name, dtype, shape, parameters, data };
	});
}

function noData(input: HeadInput, modelName: string): SaccadeError {
	return new SaccadeError(
		"INVALID_ARGUMENT",
		`unable to find data for input tensor '${input.name}' for model '${modelName}' in request.`,
	);
}

/** What the first octets of a request tell: enough to refuse it, and to place it. */
export interface RequestGlimpse {
	/** Null when the first octets do not reach it. */
	readonly modelName: string | null;
	readonly modelVersion: string;
	/** Offset of the first raw tensor's bytes; 0 when not seen. */
	readonly rawOffset: number;
}

/** Reads as far as `first` goes. Never throws: what is malformed is found when the whole is read. */
export function glimpse(first: Uint8Array): RequestGlimpse {
	const reader = new WireReader(first);
	let modelName: string | null = null;
	let modelVersion = "";
	let rawOffset = 0;
	try {
		while (reader.hasMore) {
			const tag = reader.varint();
			if (tag === RAW_CONTENTS_TAG) {
				reader.varint();
				rawOffset = reader.at;
				break;
			}
			if (tag === ((1 << 3) | WIRE.LEN)) modelName = reader.string();
			else if (tag === ((2 << 3) | WIRE.LEN)) modelVersion = reader.string();
			else reader.skip(tag & 7);
		}
	} catch {
		// Cut off by the end of the glimpse.
	}
	return { modelName, modelVersion, rawOffset };
}
