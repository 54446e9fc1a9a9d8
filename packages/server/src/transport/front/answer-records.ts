// Answers as records.
//
//   response  i0 RESPONSE  i1 call  i2 template  i3 definition bytes (0: known)  i4 released  i5 outputs
//             i6… length of each output │ definition (JSON) │ outputs, each from a multiple of 8
//   error     i0 ERROR  i1 call  i2 –  i3 text bytes  i4 released  i5 – │ JSON
import type { InferResponse } from "../../endpoint/endpoint.ts";
import type { PlainError } from "../../errors/plain-error.ts";
import { copiedBytes } from "../../tensor/copied-bytes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { RecordSpace } from "./link.ts";
import {
	KIND,
	MAX_DEFINITION_BYTES,
	MAX_TENSORS,
	type RecordOutput,
	readText,
	roundUp,
	writeNotice,
} from "./records.ts";
import {
	headsOf,
	isLikeResponse,
	type ResponseTemplate,
	TemplateWriter,
} from "./templates.ts";

const FIXED_WORDS = 6;
/** Outputs up to this size in all are copied into the record; larger ones go through a slot. */
const MAX_OUTPUT_BYTES = 64 * 1024;
/** Of an error. */
const MAX_TEXT_LENGTH = 16 * 1024;
const NOTHING = new Uint8Array(0);

export class AnswerWriter {
	readonly #templates = new TemplateWriter<ResponseTemplate>();
	readonly #output: RecordOutput;

	constructor(output: RecordOutput) {
		this.#output = output;
	}

	/** False: no record can carry it. @param isReleased whether the request's bytes are not needed any more */
	response(
		callId: number,
		response: InferResponse,
		isReleased: boolean,
	): boolean {
		const { outputs, parameters, modelVersion } = response;
		if (parameters !== null || outputs.length > MAX_TENSORS) return false;
		let dataBytes = 0;
		for (const { data } of outputs) dataBytes += roundUp(data.byteLength);
		if (dataBytes > MAX_OUTPUT_BYTES) return false;
		let slot = this.#templates.find((known) => isLikeResponse(known, response));
		let definition: Uint8Array = NOTHING;
		if (slot < 0) {
			const template = { modelVersion, outputs: headsOf(outputs) };
			definition = Buffer.from(JSON.stringify(template));
			if (definition.byteLength > MAX_DEFINITION_BYTES) return false;
			slot = this.#templates.add(template);
		}
		const definitionAt = (FIXED_WORDS + outputs.length) * 4;
		const dataAt = roundUp(definitionAt + definition.byteLength);
		const at = this.#output.open(dataAt + dataBytes);
		const { bytes, int32 } = this.#output.space;
		const i = at / 4;
		int32[i] = KIND.response;
		int32[i + 1] = callId;
		int32[i + 2] = slot;
		int32[i + 3] = definition.byteLength;
		int32[i + 4] = isReleased ? 1 : 0;
		int32[i + 5] = outputs.length;
		bytes.set(definition, at + definitionAt);
		let start = at + dataAt;
		let word = i + FIXED_WORDS;
		for (const { data } of outputs) {
			int32[word++] = data.byteLength;
			bytes.set(data, start);
			copiedBytes.answer += data.byteLength;
			start += roundUp(data.byteLength);
		}
		this.#output.commit();
		return true;
	}

	error(callId: number, error: PlainError, isReleased: boolean): void {
		const message = error.message.slice(0, MAX_TEXT_LENGTH);
		const text = Buffer.from(JSON.stringify({ ...error, message }));
		const at = this.#output.open(FIXED_WORDS * 4 + text.byteLength);
		const { bytes, int32 } = this.#output.space;
		const i = at / 4;
		int32[i] = KIND.error;
		int32[i + 1] = callId;
		int32[i + 3] = text.byteLength;
		int32[i + 4] = isReleased ? 1 : 0;
		bytes.set(text, at + FIXED_WORDS * 4);
		this.#output.commit();
	}

	released(callId: number): void {
		writeNotice(this.#output, KIND.released, callId);
	}
}

export class AnswerReader {
	readonly #templates: ResponseTemplate[] = [];

	/** The views are valid as long as the record. */
	response(
		{ bytes, int32 }: RecordSpace,
		at: number,
	): { readonly modelVersion: string; readonly outputs: readonly Tensor[] } {
		const i = at / 4;
		const slot = int32[i + 2]!;
		const definitionBytes = int32[i + 3]!;
		const definitionAt = at + (FIXED_WORDS + int32[i + 5]!) * 4;
		if (definitionBytes > 0)
			this.#templates[slot] = JSON.parse(
				readText(bytes, definitionAt, definitionBytes),
			);
		const { modelVersion, outputs } = this.#templates[slot]!;
		let start = roundUp(definitionAt + definitionBytes);
		let word = i + FIXED_WORDS;
		return {
			modelVersion,
			outputs: outputs.map(({ name, dtype, shape }) => {
				const byteLength = int32[word++]!;
				const data = bytes.subarray(start, start + byteLength);
				start += roundUp(byteLength);
				return { name, dtype, shape, data };
			}),
		};
	}

	error({ bytes, int32 }: RecordSpace, at: number): PlainError {
		return JSON.parse(
			readText(bytes, at + FIXED_WORDS * 4, int32[at / 4 + 3]!),
		);
	}
}
