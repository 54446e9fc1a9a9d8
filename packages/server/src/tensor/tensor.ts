// The one shape of a tensor inside the server: bytes that somebody else owns, seen through a view.
import type { DType } from "@saccade/protocol";

/**
 * A named tensor. `data` holds little-endian row-major elements; BYTES elements are each a 4-byte
 * little-endian length and the bytes, as on the wire. Whoever keeps the view keeps a lease on its slot.
 */
export interface Tensor {
	readonly name: string;
	readonly dtype: DType;
	readonly shape: readonly number[];
	readonly data: Uint8Array;
}

/** What a model expects or yields: −1 marks a dynamic dimension. */
export interface TensorSpec {
	readonly name: string;
	readonly dtype: DType;
	readonly shape: readonly number[];
	/** What the model calls its dynamic dimensions, by axis; "" where it has no name. @default none has one */
	readonly dimNames?: readonly string[];
}

/** A share in a slot. The slot returns to its pool when the last share is released; releasing twice throws. */
export interface Lease {
	release(): void;
}
