// What is the same for all requests, or all answers, of a kind: names, types, shapes. A record names it by a slot of a
// table that both ends keep, and defines the slot when it is new; records keep their order, so the tables agree.
import type { DType } from "@saccade/protocol";
import type {
	InferRequest,
	InferResponse,
	RequestedOutput,
} from "../../endpoint/endpoint.ts";

interface TensorHead {
	readonly name: string;
	readonly dtype: DType;
	readonly shape: readonly number[];
}

export interface RequestTemplate {
	readonly modelName: string;
	readonly modelVersion: string;
	readonly inputs: readonly TensorHead[];
	readonly outputs: readonly RequestedOutput[] | null;
}

export interface ResponseTemplate {
	readonly modelVersion: string;
	readonly outputs: readonly TensorHead[];
}

const SLOTS = 64;

/** The writing end: slots are taken in turn, the oldest first. */
export class TemplateWriter<Template> {
	readonly #slots: Template[] = [];
	#nextSlot = 0;
	#lastSlot = 0;

	/** The slot of a template that `isLike`; −1 when there is none. Most look for the one before. */
	find(isLike: (template: Template) => boolean): number {
		const last = this.#slots[this.#lastSlot];
		if (last !== undefined && isLike(last)) return this.#lastSlot;
		for (let slot = 0; slot < this.#slots.length; slot++)
			if (isLike(this.#slots[slot]!)) {
				this.#lastSlot = slot;
				return slot;
			}
		return -1;
	}

	/** The slot that is now `template`. */
	add(template: Template): number {
		const slot = this.#nextSlot;
		this.#nextSlot = (slot + 1) % SLOTS;
		this.#slots[slot] = template;
		this.#lastSlot = slot;
		return slot;
	}
}

export function isLikeRequest(
	template: RequestTemplate,
	{ modelName, modelVersion, inputs, outputs }: InferRequest,
): boolean {
	return (
		template.modelName === modelName &&
		template.modelVersion === modelVersion &&
		sameHeads(template.inputs, inputs) &&
		sameOutputs(template.outputs, outputs)
	);
}

export function isLikeResponse(
	template: ResponseTemplate,
	{ modelVersion, outputs }: InferResponse,
): boolean {
	return (
		template.modelVersion === modelVersion &&
		sameHeads(template.outputs, outputs)
	);
}

export function headsOf(tensors: readonly TensorHead[]): TensorHead[] {
	return tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
}

function sameHeads(
	known: readonly TensorHead[],
	tensors: readonly TensorHead[],
): boolean {
	if (known.length !== tensors.length) return false;
	for (let i = 0; i < known.length; i++) {
		const a = known[i]!;
		const b = tensors[i]!;
		if (a.name !== b.name || a.dtype !== b.dtype) return false;
		if (!sameShape(a.shape, b.shape)) return false;
	}
	return true;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
	if (a === b) return true;
	return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function sameOutputs(
	a: readonly RequestedOutput[] | null,
	b: readonly RequestedOutput[] | null,
): boolean {
	if (a === b) return true;
	if (a === null || b === null || a.length !== b.length) return false;
	return a.every(
		({ name, classification }, i) =>
			name === b[i]!.name && classification === b[i]!.classification,
	);
}
