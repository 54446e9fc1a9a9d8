// Clients send the same JSON (names, types, shapes, parameters) before their binary tensors again and again. What was
// read lately is recognised by its exact bytes and the length of what follows, so that it is read once.
import { PARAMETER } from "@saccade/protocol";
import type { InferInput } from "../../../endpoint/endpoint.ts";
import { type BodyParts, type ParsedBody, parseInfer } from "../decode.ts";

/** Most heads that are kept: a server's busiest (model, shape) pairs. */
const MAX_HEADS = 8;
/** Longer heads are rare, and comparing them costs more than it saves. */
const MAX_HEAD_BYTES = 4096;

interface KnownInput extends Omit<InferInput, "data"> {
	/** Where its tensor is in the body. */
	readonly start: number;
	readonly end: number;
}

interface KnownHead {
	readonly json: Uint8Array;
	readonly bodyBytes: number;
	readonly inputs: readonly KnownInput[];
	readonly rest: Omit<ParsedBody, "inputs">;
}

export class KnownHeads {
	readonly #heads: KnownHead[] = [];

	/** As `parseInfer`, which it calls for what is new. */
	parse(body: BodyParts, modelName: string): ParsedBody {
		const known = this.#find(body);
		if (known !== null) return withBytes(known, body.bytes);
		const parsed = parseInfer(body, modelName);
		this.#keep(body, parsed);
		return parsed;
	}

	#find({ bytes, jsonLength }: BodyParts): KnownHead | null {
		if (jsonLength === null || jsonLength > MAX_HEAD_BYTES) return null;
		const heads = this.#heads;
		for (let i = 0; i < heads.length; i++) {
			const known = heads[i]!;
			if (known.bodyBytes !== bytes.byteLength) continue;
			if (known.json.byteLength !== jsonLength) continue;
			if (Buffer.compare(known.json, bytes.subarray(0, jsonLength)) !== 0)
				continue;
			// One step towards the front: the busiest heads are compared first.
			if (i > 0) {
				heads[i] = heads[i - 1]!;
				heads[i - 1] = known;
			}
			return known;
		}
		return null;
	}

	#keep({ bytes, jsonLength }: BodyParts, parsed: ParsedBody): void {
		const { inputs, ...rest } = parsed;
		if (jsonLength === null || jsonLength > MAX_HEAD_BYTES) return;
		if (!inputs.every(isBinary) || isOfOneRequest(rest)) return;
		if (this.#heads.length === MAX_HEADS) this.#heads.pop();
		this.#heads.push({
			// Not `slice`: on a Buffer that is another view of the same memory.
			json: new Uint8Array(bytes.subarray(0, jsonLength)),
			bodyBytes: bytes.byteLength,
			inputs: inputs.map(({ data, ...input }) => {
				const start = data.byteOffset - bytes.byteOffset;
				return { ...input, start, end: start + data.byteLength };
			}),
			rest,
		});
	}
}

/** Says what hardly any other request says. */
function isOfOneRequest({ id, parameters }: KnownHead["rest"]): boolean {
	return (
		id !== "" ||
		parameters?.has(PARAMETER.deadlineMs) === true ||
		parameters?.has(PARAMETER.sequenceId) === true
	);
}

function isBinary({ parameters }: InferInput): boolean {
	return parameters?.has(PARAMETER.binaryDataSize) === true;
}

function withBytes({ inputs, rest }: KnownHead, bytes: Uint8Array): ParsedBody {
	return {
		...rest,
		inputs: inputs.map(({ name, dtype, shape, parameters, start, end }) => ({
			name,
			dtype,
			shape,
			parameters,
			data: bytes.subarray(start, end),
		})),
	};
}
