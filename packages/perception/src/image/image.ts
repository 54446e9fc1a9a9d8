// The one picture type: interleaved 8-bit channels, rows without padding.

/** Pixel (x, y), channel c lies at `(y · width + x) · channels + c`. */
export interface ImageU8 {
	readonly data: Uint8Array;
	readonly width: number;
	readonly height: number;
	readonly channels: number;
}

/** @throws RangeError when the bytes are not exactly width · height · channels. */
export function createImage(
	data: Uint8Array,
	width: number,
	height: number,
	channels = 3,
): ImageU8 {
	assertSize("image", data.length, width * height * channels);
	return { data, width, height, channels };
}

/** @throws RangeError when `actual` differs from `expected`. */
export function assertSize(
	what: string,
	actual: number,
	expected: number,
): void {
	if (actual !== expected)
		throw new RangeError(
			`${what} has ${actual} elements where ${expected} are needed; check width, height and channels`,
		);
}
