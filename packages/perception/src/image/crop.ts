// A rectangle out of a picture, row by row.
import { assertSize } from "./image.ts";

export interface CropGeometry {
	readonly sourceWidth: number;
	readonly sourceHeight: number;
	/** Pixels from the left and top edge of the source; the rectangle must lie inside it. */
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
	/** @default 3 */
	readonly channels?: number;
}

/**
 * Copies the rectangle of interleaved pixels into `target`, [height, width, channels]. Allocates nothing.
 * @throws RangeError when the rectangle reaches outside the source or a buffer does not fit.
 */
export function cropImage(
	source: Uint8Array,
	target: Uint8Array,
	geometry: CropGeometry,
): void {
	const { sourceWidth, sourceHeight, x, y, width, height } = geometry;
	const channels = geometry.channels ?? 3;
	assertSize("source", source.length, sourceWidth * sourceHeight * channels);
	assertSize("target", target.length, width * height * channels);
	const isInside =
		isCount(x) &&
		isCount(y) &&
		isCount(width) &&
		isCount(height) &&
		x + width <= sourceWidth &&
		y + height <= sourceHeight;
	if (!isInside)
		throw new RangeError(
			`a crop of ${width} × ${height} at (${x}, ${y}) is not inside ${sourceWidth} × ${sourceHeight} whole pixels`,
		);
	const rowBytes = width * channels;
	let to = 0;
	for (let row = y; row < y + height; row++) {
		let from = (row * sourceWidth + x) * channels;
		// A loop, because `set(subarray())` would make a view for each row.
		for (const end = to + rowBytes; to < end; to++)
			target[to] = source[from++]!;
	}
}

function isCount(value: number): boolean {
	return Number.isSafeInteger(value) && value >= 0;
}
