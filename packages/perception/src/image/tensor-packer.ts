// From 8-bit pixels to the FP32 tensor that a network reads. A pixel has 256 values, so scale, mean and
// deviation become one table look-up per channel.
import { assertSize } from "./image.ts";

const CHANNELS = 3;
const LEVELS = 256;

/** Per channel, in the order in which the tensor holds them. */
export type PerChannel = readonly [number, number, number];

export interface TensorPackerOptions {
	readonly width: number;
	readonly height: number;
	/** `chw`: planes, [3, height, width]; `hwc`: interleaved, [height, width, 3]. @default "chw" */
	readonly layout?: "chw" | "hwc";
	/** Set it when the model wants BGR and the image is RGB, or the other way round. @default false */
	readonly swapRedBlue?: boolean;
	/** Factor before mean and deviation. @default 1 / 255 */
	readonly scale?: number;
	/** Subtracted after scaling. @default [0, 0, 0] */
	readonly mean?: PerChannel;
	/** Divides last. @default [1, 1, 1] */
	readonly deviation?: PerChannel;
}

/** One geometry, any number of images; `pack` allocates nothing. */
export class TensorPacker {
	readonly #pixelCount: number;
	readonly #planar: boolean;
	/** Channel of the pixel that feeds the tensor's channel 0 and 2. */
	readonly #first: number;
	readonly #last: number;
	readonly #levels: Float32Array;

	constructor(options: TensorPackerOptions) {
		this.#pixelCount = options.width * options.height;
		this.#planar = (options.layout ?? "chw") === "chw";
		this.#first = options.swapRedBlue === true ? 2 : 0;
		this.#last = 2 - this.#first;
		this.#levels = levelTable(options);
	}

	/** Elements of the tensor. */
	get elementCount(): number {
		return this.#pixelCount * CHANNELS;
	}

	/** @throws RangeError when a buffer does not hold width · height · 3 elements. */
	pack(image: Uint8Array, tensor: Float32Array): void {
		assertSize("image", image.length, this.elementCount);
		assertSize("tensor", tensor.length, this.elementCount);
		const pixelStep = this.#planar ? 1 : CHANNELS;
		const channelStep = this.#planar ? this.#pixelCount : 1;
		const levels = this.#levels;
		const first = this.#first;
		const last = this.#last;
		let from = 0;
		let to = 0;
		for (let i = 0; i < this.#pixelCount; i++) {
			tensor[to] = levels[image[from + first]!]!;
			tensor[to + channelStep] = levels[LEVELS + image[from + 1]!]!;
			tensor[to + 2 * channelStep] = levels[2 * LEVELS + image[from + last]!]!;
			from += CHANNELS;
			to += pixelStep;
		}
	}
}

function levelTable(options: TensorPackerOptions): Float32Array {
	const scale = options.scale ?? 1 / 255;
	const mean = options.mean ?? [0, 0, 0];
	const deviation = options.deviation ?? [1, 1, 1];
	const levels = new Float32Array(CHANNELS * LEVELS);
	for (let channel = 0; channel < CHANNELS; channel++)
		for (let level = 0; level < LEVELS; level++)
			levels[channel * LEVELS + level] =
				(level * scale - mean[channel]!) / deviation[channel]!;
	return levels;
}
