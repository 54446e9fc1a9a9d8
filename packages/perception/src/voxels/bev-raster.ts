// A cloud seen from above: planes over the ground that a convolutional network reads like a picture.
// https://arxiv.org/abs/1611.07759 (height, intensity, density), https://arxiv.org/abs/1902.06326 (occupancy)
import { POINT_STRIDE, type Points } from "../clouds/points.ts";
import { assertGroundGrid, type GroundGrid } from "../grid/ground-grid.ts";
import { assertSize } from "../image/image.ts";

/**
 * - `occupancy`: 1 where a point is
 * - `density`: min(1, log(1 + points) / log 64)
 * - `max-height`, `min-height`: of the points, from 0 at `minZM` to 1 at `maxZM`
 * - `mean-intensity`, `max-intensity`: as the sensor gives it, times `intensityScale`
 * - `mean-x`, `mean-y`: where in the cell its points lie, from −1 at the lower to 1 at the upper edge
 *
 * Each is 0 where no point is.
 */
export type BevChannel =
	| "occupancy"
	| "density"
	| "max-height"
	| "min-height"
	| "mean-intensity"
	| "max-intensity"
	| "mean-x"
	| "mean-y";

export interface BevRasterOptions {
	readonly grid: GroundGrid;
	/** Points outside are left out. */
	readonly minZM: number;
	readonly maxZM: number;
	/** The planes, in the order of the tensor. */
	readonly channels: readonly BevChannel[];
	/** Brings intensities to about 0 … 1: 1 / 255 for nuScenes. @default 1 */
	readonly intensityScale?: number;
}

/** Points of a full cell. More make it no fuller, so the logarithms come from a table. */
const FULL_COUNT = 63;
const DENSITY = Float32Array.from(
	{ length: FULL_COUNT + 1 },
	(_, count) => Math.log(1 + count) / Math.log(1 + FULL_COUNT),
);

/** Scratch for one grid; `draw` allocates nothing. */
export class BevRaster {
	readonly #options: BevRasterOptions;
	readonly #counts: Uint32Array;
	readonly #highest: Float32Array;
	readonly #lowest: Float32Array;
	readonly #brightest: Float32Array;
	readonly #intensitySums: Float32Array;
	/** Of the points' places in cells, from the cell's lower corner. */
	readonly #columnSums: Float32Array;
	readonly #rowSums: Float32Array;

	/** @throws RangeError when the grid is not one or `maxZM` is not above `minZM`. */
	constructor(options: BevRasterOptions) {
		assertGroundGrid(options.grid);
		if (!(options.maxZM > options.minZM))
			throw new RangeError(
				`heights from ${options.minZM} to ${options.maxZM} m: the second must be larger`,
			);
		this.#options = options;
		const cellCount = options.grid.rows * options.grid.columns;
		this.#counts = new Uint32Array(cellCount);
		this.#highest = new Float32Array(cellCount);
		this.#lowest = new Float32Array(cellCount);
		this.#brightest = new Float32Array(cellCount);
		this.#intensitySums = new Float32Array(cellCount);
		this.#columnSums = new Float32Array(cellCount);
		this.#rowSums = new Float32Array(cellCount);
	}

	/** Elements of the tensor, [channels, rows, columns]. */
	get elementCount(): number {
		return this.#options.channels.length * this.#counts.length;
	}

	/**
	 * Fills `tensor` with the planes.
	 * @returns how many points lie on the grid
	 * @throws RangeError when the tensor has the wrong size.
	 */
	draw(points: Points, tensor: Float32Array): number {
		assertSize("tensor", tensor.length, this.elementCount);
		const pointCount = this.#collect(points);
		let plane = 0;
		for (const channel of this.#options.channels) {
			this.#write(channel, tensor, plane);
			plane += this.#counts.length;
		}
		return pointCount;
	}

	#collect({ count, xyzi }: Points): number {
		const { grid, minZM, maxZM } = this.#options;
		const { minXM, minYM, rows, columns } = grid;
		const scale = 1 / grid.cellM;
		const counts = this.#counts.fill(0);
		const highest = this.#highest;
		const lowest = this.#lowest;
		const brightest = this.#brightest;
		const intensitySums = this.#intensitySums;
		const columnSums = this.#columnSums;
		const rowSums = this.#rowSums;
		let inside = 0;
		for (let at = 0; at < POINT_STRIDE * count; at += POINT_STRIDE) {
			const u = (xyzi[at]! - minXM) * scale;
			const v = (xyzi[at + 1]! - minYM) * scale;
			const z = xyzi[at + 2]!;
			const isInside =
				u >= 0 && u < columns && v >= 0 && v < rows && z >= minZM && z < maxZM;
			if (!isInside) continue;
			inside++;
			const column = u | 0;
			const row = v | 0;
			const cell = row * columns + column;
			const intensity = xyzi[at + 3]!;
			const before = counts[cell]!++;
			if (before === 0) {
				highest[cell] = z;
				lowest[cell] = z;
				brightest[cell] = intensity;
				intensitySums[cell] = intensity;
				columnSums[cell] = u - column;
				rowSums[cell] = v - row;
				continue;
			}
			if (z > highest[cell]!) highest[cell] = z;
			if (z < lowest[cell]!) lowest[cell] = z;
			if (intensity > brightest[cell]!) brightest[cell] = intensity;
			intensitySums[cell] = intensitySums[cell]! + intensity;
			columnSums[cell] = columnSums[cell]! + (u - column);
			rowSums[cell] = rowSums[cell]! + (v - row);
		}
		return inside;
	}

	#write(channel: BevChannel, tensor: Float32Array, first: number): void {
		const { minZM, maxZM, intensityScale } = this.#options;
		const perMetre = 1 / (maxZM - minZM);
		const perUnit = intensityScale ?? 1;
		const counts = this.#counts;
		switch (channel) {
			case "occupancy":
				for (let i = 0; i < counts.length; i++)
					tensor[first + i] = counts[i]! > 0 ? 1 : 0;
				break;
			case "density":
				for (let i = 0; i < counts.length; i++)
					tensor[first + i] = DENSITY[Math.min(counts[i]!, FULL_COUNT)]!;
				break;
			case "mean-intensity":
				writeMean(this.#intensitySums, counts, tensor, first, perUnit, 0);
				break;
			case "mean-x":
				writeMean(this.#columnSums, counts, tensor, first, 2, 1);
				break;
			case "mean-y":
				writeMean(this.#rowSums, counts, tensor, first, 2, 1);
				break;
			case "max-intensity":
				writeScaled(this.#brightest, counts, tensor, first, perUnit, 0);
				break;
			case "max-height":
				writeScaled(this.#highest, counts, tensor, first, perMetre, minZM);
				break;
			case "min-height":
				writeScaled(this.#lowest, counts, tensor, first, perMetre, minZM);
				break;
		}
	}
}

/** (value − origin) · factor where a point is. */
function writeScaled(
	values: Float32Array,
	counts: Uint32Array,
	tensor: Float32Array,
	first: number,
	factor: number,
	origin: number,
): void {
	for (let i = 0; i < counts.length; i++)
		tensor[first + i] = counts[i]! > 0 ? (values[i]! - origin) * factor : 0;
}

/** sum / count · factor − origin where a point is. */
function writeMean(
	sums: Float32Array,
	counts: Uint32Array,
	tensor: Float32Array,
	first: number,
	factor: number,
	origin: number,
): void {
	for (let i = 0; i < counts.length; i++)
		tensor[first + i] =
			counts[i]! > 0 ? (sums[i]! / counts[i]!) * factor - origin : 0;
}
