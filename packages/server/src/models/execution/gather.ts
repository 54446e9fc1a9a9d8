// Puts the inputs of a batch where its run reads them: rows one after the other into the binding's own buffers, which
// is the one copy that a batch costs; or, for a large request that runs alone, the very bytes that it came with.
import { DTYPE_BYTES } from "@saccade/protocol";
import type { Session } from "../../runtime/runtime.ts";
import { copiedBytes } from "../../tensor/copied-bytes.ts";
import { fitBox } from "../../tensor/fit-box.ts";
import type { ModelEntry } from "../entry.ts";
import type { LaneBinding } from "./lane-bindings.ts";
import type { ShapeFit } from "./shape-fit.ts";

/** From this size on a batch of one is run where its bytes lie; below it the copy is cheaper than the call. */
export const ZERO_COPY_FROM_BYTES = 16 * 1024;

type Inputs = Session["inputs"];

/**
 * @param fit of a model with shape buckets; null: it has none
 * @returns whether the run reads the bytes of the request, which is then the only one, where they lie
 */
export function gather(
	bound: LaneBinding,
	batch: readonly ModelEntry[],
	inputs: Inputs,
	fit: Pick<ShapeFit, "padBytes"> | null,
): boolean {
	const { binding } = bound;
	const head = batch[0]!;
	const isAlone = batch.length === 1;
	if (bound.isLent) reset(bound, head, inputs);
	let readsInPlace = false;
	for (let i = 0; i < inputs.length; i++) {
		const first = head.data[i] ?? null;
		if (first === null) continue;
		const own = binding.inputs[i] ?? null;
		if (own === null) {
			// Texts: the binding makes its own tensor of them.
			binding.setInput(i, isAlone ? first : concat(batch, i));
			bound.isLent = true;
		} else if (
			isAlone &&
			first.byteLength >= ZERO_COPY_FROM_BYTES &&
			first.byteLength === own.byteLength
		) {
			binding.setInput(i, first);
			bound.isLent = true;
			readsInPlace = true;
		} else {
			gatherRows(own, batch, i, fit?.padBytes[i] ?? null);
		}
	}
	return readsInPlace;
}

/** Tells the elements of padded inputs that come from requests, and those that were added. */
export function countPadding(
	{ binding }: LaneBinding,
	batch: readonly ModelEntry[],
	inputs: Inputs,
	{ padBytes }: Pick<ShapeFit, "padBytes">,
	tell: (usedElements: number, paddingElements: number) => void,
): void {
	let used = 0;
	let all = 0;
	for (const [i, pad] of padBytes.entries()) {
		const own = binding.inputs[i] ?? null;
		if (pad === null || own === null) continue;
		const elementBytes = DTYPE_BYTES[inputs[i]!.dtype];
		all += own.byteLength / elementBytes;
		for (const { data } of batch) used += data[i]!.byteLength / elementBytes;
	}
	tell(used, all - used);
}

/** Requests of one shape key leave out the same inputs. */
function reset(bound: LaneBinding, head: ModelEntry, inputs: Inputs): void {
	for (let i = 0; i < inputs.length; i++)
		if (head.data[i] !== null) bound.binding.resetInput(i);
	bound.isLent = false;
}

/** One after the other, each padded to the shape of the batch. */
function gatherRows(
	own: Uint8Array,
	batch: readonly ModelEntry[],
	index: number,
	pad: Uint8Array | null,
): void {
	let at = 0;
	for (const entry of batch) {
		const data = entry.data[index]!;
		const given = entry.padding?.givenShapes[index] ?? null;
		const shape = entry.shapes[index] ?? null;
		copiedBytes.gather += data.byteLength;
		if (given === null || shape === null || pad === null) {
			own.set(data, at);
			at += data.byteLength;
			continue;
		}
		fitBox(
			{ bytes: own, at, shape },
			{ bytes: data, at: 0, shape: given },
			pad.byteLength,
			pad,
		);
		at += shape.reduce((a, b) => a * b, pad.byteLength);
	}
}

function concat(batch: readonly ModelEntry[], index: number): Uint8Array {
	const bytes = Buffer.concat(batch.map((entry) => entry.data[index]!));
	copiedBytes.gather += bytes.byteLength;
	return bytes;
}
