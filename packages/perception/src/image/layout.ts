// Order of channels and planes, for any typed array of numbers.
import { assertSize } from "./image.ts";

export type NumberArray = Uint8Array | Float32Array | Float64Array | Int32Array;

export interface LayoutSize {
	readonly width: number;
	readonly height: number;
	readonly channels: number;
}

/** Interleaved → planes. @throws RangeError when an array does not fit the size. */
export function hwcToChw<T extends NumberArray>(
	source: T,
	target: T,
	size: LayoutSize,
): void {
	transpose(source, target, size.width * size.height, size.channels);
}

/** Planes → interleaved. @throws RangeError when an array does not fit the size. */
export function chwToHwc<T extends NumberArray>(
	source: T,
	target: T,
	size: LayoutSize,
): void {
	transpose(source, target, size.channels, size.width * size.height);
}

/** [rows, columns] → [columns, rows], row-major on both sides. */
function transpose(
	source: NumberArray,
	target: NumberArray,
	rows: number,
	columns: number,
): void {
	assertSize("source", source.length, rows * columns);
	assertSize("target", target.length, rows * columns);
	let from = 0;
	for (let row = 0; row < rows; row++)
		for (let to = row; to < target.length; to += rows)
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
