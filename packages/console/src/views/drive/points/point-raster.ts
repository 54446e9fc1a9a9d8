// Points drawn by the processor: squares of few pixels, the nearest on top. WebGL without a graphics card draws each
// point as a polygon of its own, which takes it ten times as long.

export interface RasterCloud {
	/** x, y, z of each. */
	readonly places: Int16Array;
	/** Of each: 0 to 255. */
	readonly shine: Uint8Array;
	readonly count: number;
}

export interface RasterView {
	/** From a place to the screen: −1 to 1 is what is seen, divided by the fourth; column by column. */
	readonly toClip: ArrayLike<number>;
	/** Of places: x, y, z and a constant give the share of the way up the ramp. */
	readonly toRamp: readonly [x: number, y: number, z: number, one: number];
	/** Nearer than this nothing is seen. */
	readonly nearM: number;
	/** Side of a point at 1 m in pixels, and the least and largest of any. */
	readonly pixelsAt1M: number;
	readonly leastPixels: number;
	readonly mostPixels: number;
}

/** Steps of height and of shine that have a colour of their own. */
const RAMP_STEPS = 64;
const SHINE_BITS = 4;
const SHINE_SHIFT = 8 - SHINE_BITS;

type Tone = readonly [red: number, green: number, blue: number];

/** @param toneOf 0 to 1 of the ramp and of the shine; its colours are 0 to 1 @returns RGBA of each step */
export function rampTable(
	toneOf: (share: number, shine: number) => Tone,
): Uint32Array<ArrayBuffer> {
	const shineSteps = 1 << SHINE_BITS;
	const table = new Uint32Array(RAMP_STEPS * shineSteps);
	const bytes = new Uint8ClampedArray(table.buffer);
	for (let step = 0; step < RAMP_STEPS; step++)
		for (let shine = 0; shine < shineSteps; shine++) {
			const tone = toneOf(step / (RAMP_STEPS - 1), shine / (shineSteps - 1));
			const at = 4 * ((step << SHINE_BITS) | shine);
			for (const [i, part] of tone.entries()) bytes[at + i] = 255 * part;
			bytes[at + 3] = 255;
		}
	return table;
}

export class PointRaster {
	readonly width: number;
	readonly height: number;
	/** RGBA from the lowest row on; nothing where no point is. */
	readonly picture: Uint8Array<ArrayBuffer>;
	readonly #colours: Uint32Array<ArrayBuffer>;
	readonly #distances: Float32Array;

	constructor(width: number, height: number) {
		this.width = width;
		this.height = height;
		this.#colours = new Uint32Array(width * height);
		this.picture = new Uint8Array(this.#colours.buffer);
		this.#distances = new Float32Array(width * height);
	}

	draw(cloud: RasterCloud, view: RasterView, table: Uint32Array): void {
		const { width, height } = this;
		const { places, shine, count } = cloud;
		const { toRamp, nearM, pixelsAt1M, leastPixels, mostPixels } = view;
		const [xx, xy, xz, x1] = rowOf(view.toClip, 0);
		const [yx, yy, yz, y1] = rowOf(view.toClip, 1);
		const [wx, wy, wz, w1] = rowOf(view.toClip, 3);
		const [rx, ry, rz, r1] = toRamp;
		const halfWidth = width / 2;
		const halfHeight = height / 2;
		this.#colours.fill(0);
		this.#distances.fill(Number.POSITIVE_INFINITY);
		for (let i = 0; i < count; i++) {
			const x = places[3 * i]!;
			const y = places[3 * i + 1]!;
			const z = places[3 * i + 2]!;
			const distanceM = wx * x + wy * y + wz * z + w1;
			if (distanceM < nearM) continue;
			const side = Math.round(
				Math.min(mostPixels, Math.max(leastPixels, pixelsAt1M / distanceM)),
			);
			const atX = halfWidth * (1 + (xx * x + xy * y + xz * z + x1) / distanceM);
			const atY =
				halfHeight * (1 + (yx * x + yy * y + yz * z + y1) / distanceM);
			const left = Math.round(atX - side / 2);
			const bottom = Math.round(atY - side / 2);
			// Those that are cut by the edge are left out: of points this small nobody misses half a one.
			const isSeen =
				left >= 0 &&
				bottom >= 0 &&
				left + side <= width &&
				bottom + side <= height;
			if (!isSeen) continue;
			const share = Math.min(1, Math.max(0, rx * x + ry * y + rz * z + r1));
			const step = (share * (RAMP_STEPS - 1) + 0.5) | 0;
			const colour = table[(step << SHINE_BITS) | (shine[i]! >> SHINE_SHIFT)]!;
			this.#square(left + width * bottom, side, distanceM, colour);
		}
	}

	#square(from: number, side: number, distanceM: number, colour: number): void {
		const distances = this.#distances;
		for (let row = 0; row < side; row++)
			for (let column = 0; column < side; column++) {
				const at = from + row * this.width + column;
				if (distanceM >= distances[at]!) continue;
				distances[at] = distanceM;
				this.#colours[at] = colour;
			}
	}
}

function rowOf(
	matrix: ArrayLike<number>,
	row: number,
): readonly [number, number, number, number] {
	return [matrix[row]!, matrix[row + 4]!, matrix[row + 8]!, matrix[row + 12]!];
}
