// Requests as records.
//
//   i0 INFER  i1 call  i2 template  i3 definition bytes (0: known)  f2 deadline µs  f3 received µs  f4 timeout µs
//   i10 priority  i11 id bytes  i12 inputs  i13… slot number, offset, length of each input │ id │ definition (JSON)
import type { InferRequest } from "../../endpoint/endpoint.ts";
import type { RecordSpace } from "./link.ts";
import {
	KIND,
	MAX_DEFINITION_BYTES,
	MAX_TENSORS,
	type RecordOutput,
	readText,
	writeNotice,
	writeText,
} from "./records.ts";
import type { SharedMemory } from "./shared-memory.ts";
import {
	headsOf,
	isLikeRequest,
	type RequestTemplate,
	TemplateWriter,
} from "./templates.ts";

const FIXED_WORDS = 13;
const WORDS_PER_INPUT = 3;
const MAX_ID_BYTES = 1024;
const NOTHING = new Uint8Array(0);

export class RequestWriter {
	readonly #templates = new TemplateWriter<RequestTemplate>();
	readonly #output: RecordOutput;
	readonly #memory: SharedMemory;

	constructor(output: RecordOutput, memory: SharedMemory) {
		this.#output = output;
		this.#memory = memory;
	}

	/** False: no record can carry it. */
	write(callId: number, request: InferRequest): boolean {
		if (!this.#fits(request)) return false;
		const slot = this.#templates.find((known) => isLikeRequest(known, request));
		if (slot >= 0) {
			this.#put(callId, request, slot, NOTHING);
			return true;
		}
		const { modelName, modelVersion, inputs, outputs } = request;
		// A map of parameters has no JSON.
		if (outputs?.some(({ parameters }) => parameters !== null)) return false;
		const heads = headsOf(inputs);
		const template = { modelName, modelVersion, inputs: heads, outputs };
		const definition = Buffer.from(JSON.stringify(template));
		if (definition.byteLength > MAX_DEFINITION_BYTES) return false;
		this.#put(callId, request, this.#templates.add(template), definition);
		return true;
	}

	cancel(callId: number): void {
		writeNotice(this.#output, KIND.cancel, callId);
	}

	#fits({ inputs, id, sequence, parameters, priority }: InferRequest): boolean {
		if (parameters !== null || sequence !== null) return false;
		if (priority !== (priority | 0)) return false;
		if (inputs.length > MAX_TENSORS || id.length > MAX_ID_BYTES) return false;
		for (const { data, parameters } of inputs) {
			if (parameters !== null) return false;
			if (data.byteLength > 0 && this.#memory.idOf(data) === 0) return false;
		}
		return true;
	}

	#put(
		callId: number,
		request: InferRequest,
		slot: number,
		definition: Uint8Array,
	): void {
		const { inputs, id } = request;
		const idBytes = id === "" ? 0 : Buffer.byteLength(id);
		const headBytes = (FIXED_WORDS + WORDS_PER_INPUT * inputs.length) * 4;
		const at = this.#output.open(headBytes + idBytes + definition.byteLength);
		const { bytes, int32, float64 } = this.#output.space;
		const i = at / 4;
		const f = at / 8;
		int32[i] = KIND.infer;
		int32[i + 1] = callId;
		int32[i + 2] = slot;
		int32[i + 3] = definition.byteLength;
		float64[f + 2] = request.deadlineUs;
		float64[f + 3] = request.receivedUs;
		float64[f + 4] = request.timeoutUs;
		int32[i + 10] = request.priority;
		int32[i + 11] = idBytes;
		int32[i + 12] = inputs.length;
		let word = i + FIXED_WORDS;
		for (const { data } of inputs) {
			int32[word] = data.byteLength === 0 ? 0 : this.#memory.idOf(data);
			int32[word + 1] = data.byteOffset;
			int32[word + 2] = data.byteLength;
			word += WORDS_PER_INPUT;
		}
		if (idBytes > 0) writeText(bytes, at + headBytes, id, idBytes);
		bytes.set(definition, at + headBytes + idBytes);
		this.#output.commit();
	}
}

export class RequestReader {
	readonly #templates: RequestTemplate[] = [];
	readonly #memoryOf: (id: number) => Uint8Array;

	/** @param memoryOf the slot of a number */
	constructor(memoryOf: (id: number) => Uint8Array) {
		this.#memoryOf = memoryOf;
	}

	/** The request, less its lease. */
	read(
		{ bytes, int32, float64 }: RecordSpace,
		at: number,
	): Omit<InferRequest, "lease"> {
		const i = at / 4;
		const f = at / 8;
		const slot = int32[i + 2]!;
		const definitionBytes = int32[i + 3]!;
		const idBytes = int32[i + 11]!;
		const words = FIXED_WORDS + WORDS_PER_INPUT * int32[i + 12]!;
		const idAt = at + words * 4;
		if (definitionBytes > 0)
			this.#templates[slot] = JSON.parse(
				readText(bytes, idAt + idBytes, definitionBytes),
			);
		const template = this.#templates[slot]!;
		let word = i + FIXED_WORDS - WORDS_PER_INPUT;
		return {
			modelName: template.modelName,
			modelVersion: template.modelVersion,
			id: readText(bytes, idAt, idBytes),
			inputs: template.inputs.map(({ name, dtype, shape }) => {
				word += WORDS_PER_INPUT;
				const data = this.#view(int32, word);
				return { name, dtype, shape, parameters: null, data };
			}),
			outputs: template.outputs,
			parameters: null,
			priority: int32[i + 10]!,
			timeoutUs: float64[f + 4]!,
			sequence: null,
			deadlineUs: float64[f + 2]!,
			receivedUs: float64[f + 3]!,
		};
	}

	#view(int32: Int32Array, word: number): Uint8Array {
		const id = int32[word]!;
		if (id === 0) return NOTHING;
		const start = int32[word + 1]!;
		return this.#memoryOf(id).subarray(start, start + int32[word + 2]!);
	}
}
