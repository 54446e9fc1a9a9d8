// Where the large tensors of a model file lie: found by the lengths in it, so that nothing of it is held but a window.
// Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
import type { FileHandle } from "node:fs/promises";
import {
	EXTERNAL_DATA,
	type Field,
	GRAPH,
	INITIALIZER,
	malformed,
	RAW_DATA,
	readField,
} from "./onnx-messages.ts";

/** Smaller tensors stay in the graph: a mapping takes a page and a call for each. */
export const MIN_TENSOR_BYTES = 16 * 1024;
/** Tensors begin at a page, as mappings do, and so are aligned for every element type. */
const PAGE_BYTES = 4096;
const WINDOW_BYTES = 64 * 1024;
/** The most that a tag and a length take. */
const HEADER_BYTES = 20;

/** Bytes of the model file. */
export interface Range {
	readonly from: number;
	readonly to: number;
}

export interface LargeTensor {
	/** Of its message, without its data. */
	readonly rest: readonly Range[];
	readonly data: Range;
	/** Where it comes to lie in a file of tensors. */
	readonly at: number;
}

export type ModelPart =
	| { readonly kind: "as-it-is"; readonly range: Range }
	| { readonly kind: "graph"; readonly parts: readonly ModelPart[] }
	| { readonly kind: "tensor"; readonly tensor: LargeTensor };

export interface TensorPlan {
	/** All of the model, in its order. */
	readonly parts: readonly ModelPart[];
	readonly modelBytes: number;
	readonly tensorBytes: number;
}

/** Throws RangeError for what is no model. */
export async function planTensors(file: FileHandle): Promise<TensorPlan> {
	const { size } = await file.stat();
	return new Walk(file, size).plan();
}

export function lengthOf({ from, to }: Range): number {
	return to - from;
}

class Walk {
	readonly #file: FileHandle;
	readonly #size: number;
	readonly #window = new Uint8Array(WINDOW_BYTES);
	#windowAt = 0;
	#windowBytes = 0;
	#tensorsEnd = 0;
	#tensorBytes = 0;

	constructor(file: FileHandle, size: number) {
		this.#file = file;
		this.#size = size;
	}

	async plan(): Promise<TensorPlan> {
		const parts: ModelPart[] = [];
		for await (const field of this.#fields({ from: 0, to: this.#size }))
			if (field.number === GRAPH && field.contentAt >= 0)
				parts.push({ kind: "graph", parts: await this.#graph(field) });
			else add(parts, rangeOf(field));
		const tensorBytes = this.#tensorBytes;
		return { parts, modelBytes: this.#size, tensorBytes };
	}

	async #graph(graph: Field): Promise<ModelPart[]> {
		const parts: ModelPart[] = [];
		for await (const field of this.#fields(contentOf(graph))) {
			const tensor =
				field.number === INITIALIZER && field.contentAt >= 0
					? await this.#tensor(field)
					: null;
			if (tensor === null) add(parts, rangeOf(field));
			else parts.push({ kind: "tensor", tensor });
		}
		return parts;
	}

	/** Null: it stays as it is. */
	async #tensor(field: Field): Promise<LargeTensor | null> {
		if (field.end - field.contentAt < MIN_TENSOR_BYTES) return null;
		const rest: Range[] = [];
		let data: Range | null = null;
		for await (const part of this.#fields(contentOf(field)))
			if (part.number === EXTERNAL_DATA) return null;
			else if (part.number !== RAW_DATA || part.contentAt < 0)
				rest.push(rangeOf(part));
			// Of a field that comes twice the last one counts: nobody writes that.
			else if (data !== null) return null;
			else data = contentOf(part);
		if (data === null || lengthOf(data) < MIN_TENSOR_BYTES) return null;
		const at = this.#tensorsEnd;
		this.#tensorsEnd = roundUp(at + lengthOf(data));
		this.#tensorBytes += lengthOf(data);
		return { rest, data, at };
	}

	/** With positions in the file. */
	async *#fields({ from, to }: Range): AsyncGenerator<Field> {
		for (let at = from; at < to; ) {
			await this.#see(at);
			const { number, end, contentAt } = readField(
				this.#window.subarray(0, this.#windowBytes),
				at - this.#windowAt,
			);
			const field = {
				number,
				start: at,
				end: end + this.#windowAt,
				contentAt: contentAt < 0 ? -1 : contentAt + this.#windowAt,
			};
			if (field.end > to) throw malformed();
			yield field;
			at = field.end;
		}
	}

	/** Has the tag and the length at `at` in the window. */
	async #see(at: number): Promise<void> {
		const end = Math.min(at + HEADER_BYTES, this.#size);
		const windowEnd = this.#windowAt + this.#windowBytes;
		if (at >= this.#windowAt && end <= windowEnd) return;
		const { bytesRead } = await this.#file.read({
			buffer: this.#window,
			position: at,
		});
		this.#windowAt = at;
		this.#windowBytes = bytesRead;
	}
}

/** Joined with what comes before it in the file. */
function add(parts: ModelPart[], { from, to }: Range): void {
	const last = parts.at(-1);
	const joins = last?.kind === "as-it-is" && last.range.to === from;
	if (joins) parts.pop();
	const range = { from: joins ? last.range.from : from, to };
	parts.push({ kind: "as-it-is", range });
}

function rangeOf({ start, end }: Field): Range {
	return { from: start, to: end };
}

function contentOf({ contentAt, end }: Field): Range {
	return { from: contentAt, to: end };
}

function roundUp(bytes: number): number {
	return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}
