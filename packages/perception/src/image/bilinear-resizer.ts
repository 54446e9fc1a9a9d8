// Bilinear resize of interleaved 8-bit images: half-pixel centres, edges clamped, no antialiasing.
// Fixed point with 11-bit weights, so that results are exact integers and the same on every machine.
// Separable: each source row that is needed is stretched once and kept while two output rows may share it.
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
	readonly #columns: AxisTable;
	readonly #rows: AxisTable;
	#upper: Int32Array;
	#lower: Int32Array;

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
		this.#columns = interleave(axisTable(sourceWidth, width), channels);
		this.#rows = axisTable(sourceHeight, height);
		this.#upper = new Int32Array(this.#rowBytes);
		this.#lower = new Int32Array(this.#rowBytes);
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
		let upperRow = -1;
		let lowerRow = -1;
		for (let y = 0; y < this.#height; y++) {
			const first = this.#rows.first[y]!;
			const second = this.#rows.second[y]!;
			if (first === lowerRow) {
				[this.#upper, this.#lower] = [this.#lower, this.#upper];
				lowerRow = upperRow;
				upperRow = first;
			}
			if (first !== upperRow) this.#stretchRow(source, first, this.#upper);
			upperRow = first;
			if (second !== lowerRow) this.#stretchRow(source, second, this.#lower);
			lowerRow = second;
			this.#blendRows(target, offset + y * stride, this.#rows.weight[y]!);
		}
	}

	#stretchRow(source: Uint8Array, row: number, into: Int32Array): void {
		const { first, second, weight } = this.#columns;
		const base = row * this.#sourceStride;
		for (let i = 0; i < into.length; i++) {
			const left = source[base + first[i]!]!;
			const right = source[base + second[i]!]!;
			// imul: a plain product may exceed 32 bits for all the compiler knows, and is 1.7 times slower here.
			into[i] = (left << WEIGHT_BITS) + Math.imul(right - left, weight[i]!);
		}
	}

	#blendRows(target: Uint8Array, at: number, weight: number): void {
		const upper = this.#upper;
		const lower = this.#lower;
		const rest = ONE - weight;
		// 255 · 2^22 + 2^21 < 2^31: the sum stays a 32-bit integer.
		for (let i = 0; i < upper.length; i++)
			target[at + i] =
				(Math.imul(upper[i]!, rest) + Math.imul(lower[i]!, weight) + HALF) >>
				ROUNDING_BITS;
	}
}

/** For each output position: its two source positions and the weight of the second. */
interface AxisTable {
	readonly first: Int32Array;
	readonly second: Int32Array;
	readonly weight: Int32Array;
}

function emptyTable(length: number): AxisTable {
	return {
		first: new Int32Array(length),
		second: new Int32Array(length),
		weight: new Int32Array(length),
	};
}

function axisTable(sourceSize: number, size: number): AxisTable {
	const table = emptyTable(size);
	for (let i = 0; i < size; i++) {
		const centre = ((i + 0.5) * sourceSize) / size - 0.5;
		const position = Math.min(Math.max(centre, 0), sourceSize - 1);
		const first = Math.floor(position);
		table.first[i] = first;
		table.second[i] = Math.min(first + 1, sourceSize - 1);
		table.weight[i] = Math.round((position - first) * ONE);
	}
	return table;
}

/** From pixels to the channels of pixels, so that the inner loop runs over bytes. */
function interleave(pixels: AxisTable, channels: number): AxisTable {
	const table = emptyTable(pixels.first.length * channels);
	for (let i = 0; i < table.first.length; i++) {
		const pixel = Math.floor(i / channels);
		const channel = i % channels;
		table.first[i] = pixels.first[pixel]! * channels + channel;
		table.second[i] = pixels.second[pixel]! * channels + channel;
		table.weight[i] = pixels.weight[pixel]!;
	}
	return table;
}
