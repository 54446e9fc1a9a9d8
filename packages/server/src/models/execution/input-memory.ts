// What a lane gathers its batches into: one buffer an input, for batches of all sizes. A lane makes one run at a time,
// so its bindings need no buffers of their own; in those, the next batch would mostly be written where nothing was for
// a long time, far from the core's caches.
import { DTYPE_BYTES } from "@saccade/protocol";
import { elementCount } from "../../tensor/shape.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";

export class InputMemory {
	readonly #inputs: readonly TensorSpec[];
	readonly #buffers: (Uint8Array | null)[];

	constructor(inputs: readonly TensorSpec[]) {
		this.#inputs = inputs;
		this.#buffers = inputs.map(() => null);
	}

	/** By the session's order; null where nothing was gathered yet. */
	get buffers(): readonly (Uint8Array | null)[] {
		return this.#buffers;
	}

	/** Makes room for inputs of these shapes. True: buffers that were there are replaced by larger ones. */
	grow(shapes: readonly (readonly number[] | null)[]): boolean {
		let isReplaced = false;
		for (const [index, { dtype }] of this.#inputs.entries()) {
			const shape = shapes[index] ?? null;
			if (shape === null || dtype === "BYTES") continue;
			const byteLength = (elementCount(shape) ?? 0) * DTYPE_BYTES[dtype];
			const known = this.#buffers[index] ?? null;
			if (known !== null && known.byteLength >= byteLength) continue;
			isReplaced ||= known !== null;
			// Pages that nobody wrote to take no room.
			this.#buffers[index] = new Uint8Array(sizeFor(byteLength));
		}
		return isReplaced;
	}
}

function sizeFor(byteLength: number): number {
	return 2 ** Math.ceil(Math.log2(Math.max(byteLength, 1)));
}
