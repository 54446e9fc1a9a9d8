// ModelInferResponse, written straight into the connection's output buffer. What is the same for every answer of
// a model at a batch size (names, types, shapes) is encoded once and kept.
import type { DType } from "@saccade/protocol";
import type {
	InferResponse,
	ParameterValue,
} from "../../../endpoint/endpoint.ts";
import { copiedBytes } from "../../../tensor/copied-bytes.ts";
import { varintBytes, writeVarint } from "../../../wire/wire-reader.ts";

/** Tags of ModelInferResponse and its output tensors. */
const TAG = {
	modelName: 0x0a,
	modelVersion: 0x12,
	id: 0x1a,
	parameters: 0x22,
	outputs: 0x2a,
	rawOutputContents: 0x32,
	outputName: 0x0a,
	outputDatatype: 0x12,
	outputShape: 0x1a,
	parameterKey: 0x0a,
	parameterValue: 0x12,
	boolParam: 0x08,
	int64Param: 0x10,
	stringParam: 0x1a,
	doubleParam: 0x21,
	uint64Param: 0x28,
} as const;

const MAX_INT64 = 2n ** 63n - 1n;

/** What answers on streams carry (clients wait for it). */
const FINAL = parameterField("triton_final_response", true);

/** Most (model, shape) pairs whose descriptions are kept. */
const MAX_TEMPLATES = 16;

interface Template {
	readonly modelName: string;
	readonly modelVersion: string;
	readonly outputs: readonly {
		readonly name: string;
		readonly dtype: DType;
		readonly shape: readonly number[];
	}[];
	/** Model name and version. */
	readonly before: Uint8Array;
	/** Descriptions of the outputs. */
	readonly after: Uint8Array;
}

const NO_TEMPLATE: Template = {
	modelName: "",
	modelVersion: "",
	outputs: [],
	before: new Uint8Array(0),
	after: new Uint8Array(0),
};

/** One serves all calls: `prepare`, then `writeTo` before the next `prepare`. */
export class InferResponseWriter {
	byteLength = 0;
	#template: Template = NO_TEMPLATE;
	readonly #templates: Template[] = [];
	#response: InferResponse | null = null;
	#id = "";
	#idBytes = 0;
	#parameters: Uint8Array | null = null;

	/** @param final adds `triton_final_response`, as answers on streams carry it */
	prepare(response: InferResponse, final: boolean): this {
		if (!matches(this.#template, response))
			this.#template = this.#templateOf(response);
		const template = this.#template;
		this.#response = response;
		this.#id = response.id;
		this.#idBytes = response.id === "" ? 0 : Buffer.byteLength(response.id);
		this.#parameters = encodeParameters(response, final);
		let byteLength = template.before.byteLength + template.after.byteLength;
		if (this.#idBytes > 0)
			byteLength += 1 + varintBytes(this.#idBytes) + this.#idBytes;
		if (this.#parameters !== null) byteLength += this.#parameters.byteLength;
		for (const { data } of response.outputs)
			byteLength += 1 + varintBytes(data.byteLength) + data.byteLength;
		this.byteLength = byteLength;
		return this;
	}

	writeTo(target: Uint8Array, offset: number): void {
		const { before, after } = this.#template;
		target.set(before, offset);
		let at = offset + before.byteLength;
		if (this.#idBytes > 0) {
			target[at] = TAG.id;
			at = writeVarint(target, at + 1, this.#idBytes);
			writeText(target, at, this.#id, this.#idBytes);
			at += this.#idBytes;
		}
		if (this.#parameters !== null) {
			target.set(this.#parameters, at);
			at += this.#parameters.byteLength;
		}
		target.set(after, at);
		at += after.byteLength;
		for (const { data } of this.#response!.outputs) {
			target[at] = TAG.rawOutputContents;
			at = writeVarint(target, at + 1, data.byteLength);
			target.set(data, at);
			copiedBytes.answer += data.byteLength;
			at += data.byteLength;
		}
		this.#response = null;
	}

	#templateOf(response: InferResponse): Template {
		const templates = this.#templates;
		for (const known of templates) if (matches(known, response)) return known;
		if (templates.length === MAX_TEMPLATES) templates.shift();
		const template = buildTemplate(response);
		templates.push(template);
		return template;
	}
}

/** @param byteLength of the text in UTF-8 */
function writeText(
	target: Uint8Array,
	offset: number,
	text: string,
	byteLength: number,
): void {
	if (byteLength === text.length && byteLength < 64) {
		// All ASCII: cheaper than a call into the runtime.
		for (let i = 0; i < byteLength; i++)
			target[offset + i] = text.charCodeAt(i);
	} else target.set(Buffer.from(text), offset);
}

function encodeParameters(
	{ parameters }: InferResponse,
	final: boolean,
): Uint8Array | null {
	if (parameters === null) return final ? FINAL : null;
	const fields: Uint8Array[] = [];
	for (const [key, value] of parameters)
		fields.push(parameterField(key, value));
	if (final) fields.push(FINAL);
	return Buffer.concat(fields);
}

/** An entry of `map<string, InferParameter>`. */
function parameterField(key: string, value: ParameterValue): Uint8Array {
	const entry = [
		field(TAG.parameterKey, Buffer.from(key)),
		field(TAG.parameterValue, parameterChoice(value)),
	];
	return field(TAG.parameters, Buffer.concat(entry));
}

function parameterChoice(value: ParameterValue): Uint8Array {
	if (typeof value === "boolean")
		return Buffer.from([TAG.boolParam, value ? 1 : 0]);
	if (typeof value === "string")
		return field(TAG.stringParam, Buffer.from(value));
	if (typeof value === "bigint") {
		const tag = value > MAX_INT64 ? TAG.uint64Param : TAG.int64Param;
		return Buffer.concat([Buffer.from([tag]), varint64(value)]);
	}
	const out = Buffer.alloc(9);
	out[0] = TAG.doubleParam;
	out.writeDoubleLE(value, 1);
	return out;
}

function varint64(value: bigint): Uint8Array {
	const octets: number[] = [];
	let rest = BigInt.asUintN(64, value);
	for (; rest >= 0x80n; rest >>= 7n) octets.push(Number(rest & 0x7fn) | 0x80);
	octets.push(Number(rest));
	return Uint8Array.from(octets);
}

function matches(template: Template, response: InferResponse): boolean {
	if (
		template.modelName !== response.modelName ||
		template.modelVersion !== response.modelVersion ||
		template.outputs.length !== response.outputs.length
	)
		return false;
	for (let i = 0; i < response.outputs.length; i++) {
		const known = template.outputs[i]!;
		const output = response.outputs[i]!;
		if (
			known.name !== output.name ||
			known.dtype !== output.dtype ||
			!sameShape(known.shape, output.shape)
		)
			return false;
	}
	return true;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
	if (a === b) return true;
	return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function buildTemplate(response: InferResponse): Template {
	const { modelName, modelVersion } = response;
	return {
		modelName,
		modelVersion,
		outputs: response.outputs.map(({ name, dtype, shape }) => ({
			name,
			dtype,
			shape: [...shape],
		})),
		before: Buffer.concat([
			field(TAG.modelName, Buffer.from(modelName)),
			field(TAG.modelVersion, Buffer.from(modelVersion)),
		]),
		after: Buffer.concat(
			response.outputs.map(({ name, dtype, shape }) =>
				field(
					TAG.outputs,
					Buffer.concat([
						field(TAG.outputName, Buffer.from(name)),
						field(TAG.outputDatatype, Buffer.from(dtype)),
						...(shape.length > 0
							? [field(TAG.outputShape, packed(shape))]
							: []),
					]),
				),
			),
		),
	};
}

function field(tag: number, value: Uint8Array): Uint8Array {
	const size = varintBytes(value.byteLength);
	const out = new Uint8Array(1 + size + value.byteLength);
	out[0] = tag;
	out.set(value, writeVarint(out, 1, value.byteLength));
	return out;
}

function packed(values: readonly number[]): Uint8Array {
	const out = new Uint8Array(
		values.reduce((sum, value) => sum + varintBytes(value), 0),
	);
	let at = 0;
	for (const value of values) at = writeVarint(out, at, value);
	return out;
}
