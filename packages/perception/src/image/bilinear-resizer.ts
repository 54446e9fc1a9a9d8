// Bilinear resize of interleaved 8-bit images: half-pixel centres, edges clamped, no antialiasing.
// Fixed point with 11-bit weights, so that results are exact integers and the same on every machine.
// All four neighbours in one pass, without state: stretching rows first measured at most 20 % faster.
import { assertSize } from "./image.ts";

const WEIGHT_BITS = 11;
const ONE = 1 << WEIGHT_BITS;
const ROUNDING_BITS = 2 * WEIGHT_BITS;
const HALF = 1 << (ROUNDING_BITS - 1);

export interface ResizeGeometry {
	readonly sourceWidth: number;
	readonly sourceHeight: number;
	readonly width: number;
	readonly height: number;
	/** @default 3 */
	readonly channels?: number;
}

/** Where the result goes inside a larger image. */
export interface ResizePlacement {
	/** Index of the first byte. */
	readonly offset: number;
	/** Bytes from one row to the next. */
	readonly stride: number;
}

/** One geometry, any number of images; `resize` allocates nothing. */
export class BilinearResizer {
	readonly #sourceBytes: number;
	readonly #sourceStride: number;
	readonly #rowBytes: number;
	readonly #height: number;
	readonly #channels: number;
	readonly #columns: AxisTable;
	readonly #rows: AxisTable;

	/** @throws RangeError unless every size is a positive integer. */
	constructor(geometry: ResizeGeometry) {
		const { sourceWidth, sourceHeight, width, height } = geometry;
		const channels = geometry.channels ?? 3;
		for (const size of [sourceWidth, sourceHeight, width, height, channels])
			if (!Number.isInteger(size) || size < 1)
				throw new RangeError(
					`cannot resize ${sourceWidth}x${sourceHeight} to ${width}x${height} with ${channels} channels: sizes must be positive integers`,
				);
		this.#sourceStride = sourceWidth * channels;
		this.#sourceBytes = this.#sourceStride * sourceHeight;
		this.#rowBytes = width * channels;
		this.#height = height;
		this.#channels = channels;
		this.#columns = axisTable(sourceWidth, width, channels);
		this.#rows = axisTable(sourceHeight, height, this.#sourceStride);
	}

	/** @throws RangeError when a buffer does not fit the geometry. */
	resize(
		source: Uint8Array,
		target: Uint8Array,
		placement?: ResizePlacement,
	): void {
		assertSize("source image", source.length, this.#sourceBytes);
		const offset = placement?.offset ?? 0;
		const stride = placement?.stride ?? this.#rowBytes;
		const end = offset + stride * (this.#height - 1) + this.#rowBytes;
		if (offset < 0 || stride < this.#rowBytes || end > target.length)
			throw new RangeError(
				`the resized image needs bytes ${offset} to ${end}, ${stride} a row; the target has ${target.length}`,
			);
		for (let y = 0; y < this.#height; y++)
			this.#fillRow(source, y, target, offset + y * stride);
	}

	#fillRow(
		source: Uint8Array,
		y: number,
		target: Uint8Array,
		at: number,
	): void {
		const channels = this.#channels;
		const { first, second, weight } = this.#columns;
		const upper = this.#rows.first[y]!;
		const lower = this.#rows.second[y]!;
		const down = this.#rows.weight[y]!;
		let to = at;
		for (let x = 0; x < first.length; x++) {
			const left = first[x]!;
			const right = second[x]!;
			const across = weight[x]!;
			// The four weights sum to 2^22, and 255 · 2^22 + 2^21 < 2^31: all of it stays 32-bit.
			const w00 = Math.imul(ONE - across, ONE - down);
			const w01 = Math.imul(across, ONE - down);
			const w10 = Math.imul(ONE - across, down);
			const w11 = Math.imul(across, down);
			for (let channel = 0; channel < channels; channel++)
				target[to++] =
					(Math.imul(source[upper + left + channel]!, w00) +
						Math.imul(source[upper + right + channel]!, w01) +
						Math.imul(source[lower + left + channel]!, w10) +
						Math.imul(source[lower + right + channel]!, w11) +
						HALF) >>
					ROUNDING_BITS;
		}
	}
}

/** For each output position: where its two source positions begin, in bytes, and the weight of the second. */
interface AxisTable {
	readonly first: Int32Array;
	readonly second: Int32Array;
	readonly weight: Int32Array;
}

function axisTable(
	sourceSize: number,
	size: number,
	stepBytes: number,
): AxisTable {
	const table = {
		first: new Int32Array(size),
		second: new Int32Array(size),
		weight: new Int32Array(size),
	};
	for (let i = 0; i < size; i++) {
		const centre = ((i + 0.5) * sourceSize) / size - 0.5;
		const position = Math.min(Math.max(centre, 0), sourceSize - 1);
		const first = Math.floor(position);
		table.first[i] = first * stepBytes;
		table.second[i] = Math.min(first + 1, sourceSize - 1) * stepBytes;
		table.weight[i] = Math.round((position - first) * ONE);
	}
	return table;
}
