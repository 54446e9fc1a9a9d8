// ModelInferRequest, read where it lies: tensor bytes are views, never copies.
import type { DType } from "@saccade/protocol";
import type { Parameters } from "../../../endpoint/endpoint.ts";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import { WireReader } from "../../../wire/wire-reader.ts";
import { HeadCache } from "./head-cache.ts";
import {
	assertRoom,
	type HeadInput,
	type InferHead,
	parseRequest,
	TAG,
} from "./request-head.ts";
import { readTypedContents } from "./typed-contents.ts";

interface DecodedInput {
	readonly name: string;
	readonly dtype: DType;
	readonly shape: readonly number[];
	readonly parameters: Parameters | null;
	readonly data: Uint8Array;
}

export interface DecodedRequest {
	readonly head: InferHead;
	readonly id: string;
	readonly inputs: readonly DecodedInput[];
}

/** What the first octets of a request tell: enough to refuse it, and to place it. */
export interface RequestGlimpse {
	/** Null when the first octets do not reach it. */
	readonly modelName: string | null;
	readonly modelVersion: string;
	/** Offset of the first raw tensor's bytes; 0 when not seen. */
	readonly rawOffset: number;
}

/** One serves all calls of a thread. */
export class InferRequestReader {
	readonly #known = new HeadCache();

	/** Throws MALFORMED or INVALID_ARGUMENT. Views point into `bytes`. */
	read(bytes: Uint8Array): DecodedRequest {
		const head = this.#known.find(bytes);
		if (head !== null) {
			const raw = readRawContents(bytes, this.#known.rawStart);
			if (raw !== null)
				return { head, id: this.#known.id, inputs: joinRaw(head, raw) };
		}
		const parsed = parseRequest(bytes);
		const inputs =
			parsed.raw.length > 0
				? joinRaw(parsed.head, parsed.raw)
				: typedInputs(parsed.head);
		if (head === null) this.#known.keep(bytes, parsed);
		return { head: parsed.head, id: parsed.id, inputs };
	}

	/** Reads as far as `first` goes. Never throws: what is malformed is found when the whole is read. */
	glimpse(first: Uint8Array): RequestGlimpse {
		const head = this.#known.find(first);
		if (head === null) {
			const { modelName, modelVersion, rawOffset } = parseGlimpse(first);
			return { modelName, modelVersion, rawOffset };
		}
		const { rawStart } = this.#known;
		// The length of raw contents takes at most ten octets; its last one is below 0x80.
		let rawOffset = rawStart + 1;
		while (first[rawOffset]! >= 0x80) rawOffset++;
		const { modelName, modelVersion } = head;
		return { modelName, modelVersion, rawOffset: rawOffset + 1 };
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
		if (bytes[reader.at] !== TAG.rawInputContents) return null;
		reader.at++;
		assertRoom(raw.length, "raw_input_contents");
		raw.push(reader.view());
	}
	return raw;
}

function joinRaw(
	{ inputs, modelName }: InferHead,
	raw: readonly Uint8Array[],
): DecodedInput[] {
	const joined: DecodedInput[] = [];
	for (let i = 0; i < inputs.length; i++) {
		const { name, dtype, shape, parameters, contents } = inputs[i]!;
		if (contents !== null)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`contents field must not be specified when using raw_input_contents for '${name}' for model '${modelName}'`,
			);
		const data = raw[i];
		if (data === undefined) throw noData(name, modelName);
		joined.push({ name, dtype, shape, parameters, data });
	}
	if (raw.length > inputs.length)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`expected ${inputs.length} raw_input_contents but got ${raw.length} for model '${modelName}'`,
		);
	return joined;
}

function typedInputs({ inputs, modelName }: InferHead): DecodedInput[] {
	return inputs.map(({ name, dtype, shape, parameters, contents }) => {
		const data = typedData({ name, dtype, shape, contents }, modelName);
		return { name, dtype, shape, parameters, data };
	});
}

function typedData(
	input: Omit<HeadInput, "parameters">,
	modelName: string,
): Uint8Array {
	const { name, dtype, shape, contents } = input;
	if (contents !== null) return readTypedContents(contents, dtype, name);
	if (!shape.includes(0)) throw noData(name, modelName);
	return new Uint8Array(0);
}

function noData(name: string, modelName: string): SaccadeError {
	return new SaccadeError(
		"INVALID_ARGUMENT",
		`unable to find data for input tensor '${name}' for model '${modelName}' in request.`,
	);
}

/** Whose failure it is, as far as the bytes tell; for requests that cannot be read or kept. */
export function requestLabel(bytes: Uint8Array): {
	readonly id: string;
	readonly modelName: string;
} {
	const { id, modelName } = parseGlimpse(bytes);
	return { id, modelName: modelName ?? "" };
}

function parseGlimpse(
	first: Uint8Array,
): RequestGlimpse & { readonly id: string } {
	const reader = new WireReader(first);
	let modelName: string | null = null;
	let modelVersion = "";
	let id = "";
	let rawOffset = 0;
	try {
		while (reader.hasMore && rawOffset === 0) {
			const tag = reader.tag();
			if (tag === TAG.modelName) modelName = reader.string();
			else if (tag === TAG.modelVersion) modelVersion = reader.string();
			else if (tag === TAG.id) id = reader.string();
			else if (tag === TAG.rawInputContents) {
				reader.varint();
				rawOffset = reader.at;
			} else reader.skip(tag);
		}
	} catch {
		// Cut off by the end of the glimpse, or malformed: reading the whole tells.
	}
	return { modelName, modelVersion, id, rawOffset };
}
