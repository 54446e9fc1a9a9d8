// ModelInferResponse, written straight into the connection's output buffer. What is the same for every answer of
// a model at a batch size (names, types, shapes) is encoded once and kept.
import type { DType } from "@saccade/protocol";
import type { InferResponse } from "../../../endpoint/endpoint.ts";
import { varintBytes, writeVarint } from "./wire.ts";

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
} as const;

/** The one parameter that answers carry: `triton_final_response`, true or false. */
const FINAL_RESPONSE = (final: boolean): Uint8Array =>
	field(
		TAG.parameters,
		Buffer.concat([
			field(0x0a, Buffer.from("triton_final_response")),
			field(0x12, Buffer.from([0x08, final ? 1 : 0])),
		]),
	);
const FINAL = FINAL_RESPONSE(true);

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
	#response: InferResponse | null = null;
	#id: Uint8Array | null = null;
	#final = false;

	/** @param final adds `triton_final_response`, as answers on streams carry it */
	prepare(response: InferResponse, final: boolean): this {
		if (!matches(this.#template, response))
			this.#template = buildTemplate(response);
		const template = this.#template;
		this.#response = response;
		this.#id =
			response.id === "" ? null : field(TAG.id, Buffer.from(response.id));
		this.#final = final;
		let byteLength = template.before.byteLength + template.after.byteLength;
		if (this.#id !== null) byteLength += this.#id.byteLength;
		if (final) byteLength += FINAL.byteLength;
		for (const { data } of response.outputs)
			byteLength += 1 + varintBytes(data.byteLength) + data.byteLength;
		this.byteLength = byteLength;
		return this;
	}

	writeTo(target: Uint8Array, offset: number): void {
		const { before, after } = this.#template;
		target.set(before, offset);
		let at = offset + before.byteLength;
		if (this.#id !== null) {
			target.set(this.#id, at);
			at += this.#id.byteLength;
		}
		if (this.#final) {
			target.set(FINAL, at);
			at += FINAL.byteLength;
		}
		target.set(after, at);
		at += after.byteLength;
		for (const { data } of this.#response!.outputs) {
			target[at] = TAG.rawOutputContents;
			at = writeVarint(target, at + 1, data.byteLength);
			target.set(data, at);
			at += data.byteLength;
		}
		this.#response = null;
	}
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
