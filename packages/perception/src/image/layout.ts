// Order of channels and planes, for any typed array of numbers.
import { assertSize } from "./image.ts";

export type NumberArray = Uint8Array | Float32Array | Float64Array | Int32Array;

export interface LayoutSize {
	readonly width: number;
	readonly height: number;
	readonly channels: number;
	/** Images that lie one after the other, as in NHWC and NCHW. @default 1 */
	readonly batch?: number;
}

/** Interleaved → planes (NHWC → NCHW). @throws RangeError when an array does not fit the size. */
export function hwcToChw<T extends NumberArray>(
	source: T,
	target: T,
	size: LayoutSize,
): void {
	const { width, height, channels, batch } = size;
	transpose(source, target, width * height, channels, batch ?? 1);
}

/** Planes → interleaved (NCHW → NHWC). @throws RangeError when an array does not fit the size. */
export function chwToHwc<T extends NumberArray>(
	source: T,
	target: T,
	size: LayoutSize,
): void {
	const { width, height, channels, batch } = size;
	transpose(source, target, channels, width * height, batch ?? 1);
}

/** [batch, rows, columns] → [batch, columns, rows], row-major on both sides. */
function transpose(
	source: NumberArray,
	target: NumberArray,
	rows: number,
	columns: number,
	batch: number,
): void {
	const imageLength = rows * columns;
	assertSize("source", source.length, batch * imageLength);
	assertSize("target", target.length, batch * imageLength);
	let from = 0;
	for (let first = 0; first < target.length; first += imageLength)
		for (let row = first; row < first + rows; row++)
			for (let to = row; to < first + imageLength; to += rows)
				target[to] = source[from++]!;
}

/**
 * RGB ↔ BGR of interleaved pixels; `source` and `target` may be the same array.
 * @throws RangeError when the arrays differ in length or hold no whole pixels.
 */
export function swapRedBlue(source: Uint8Array, target: Uint8Array): void {
	assertSize("target", target.length, source.length);
	if (source.length % 3 !== 0)
		throw new RangeError(
			`${source.length} bytes are no whole number of 3-channel pixels`,
		);
	for (let i = 0; i < source.length; i += 3) {
		const red = source[i]!;
		target[i] = source[i + 2]!;
		target[i + 1] = source[i + 1]!;
		target[i + 2] = red;
	}
}
