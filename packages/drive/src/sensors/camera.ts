// A rendered camera: flat-shaded boxes on a street under a sky. The same columns of rays as the LiDAR's, with rows instead of
// rings: an upright picture plane makes every column of pixels one direction on the ground.
import type { ImageU8 } from "@saccade/perception";
import { NoiseTable, type Random } from "../random.ts";
import type { World } from "../world/world.ts";
import {
	gatherBoxes,
	meetsBox,
	type PlanHit,
	type RayBoxes,
	rayBoxesFor,
} from "./ray-boxes.ts";
import {
	createRoadView,
	type RoadView,
	viewRoad,
	writeGround,
} from "./road-view.ts";
import type { SensorMotion } from "./sensor-motion.ts";

export interface CameraOptions {
	readonly width: number;
	readonly height: number;
	/** Pixels per unit of tangent. */
	readonly focalPx: number;
	readonly centreX: number;
	/** Row of the horizon on level ground. */
	readonly centreY: number;
	readonly rangeM: number;
}

export const CAMERA: CameraOptions = {
	width: 320,
	height: 192,
	focalPx: 210,
	centreX: 160,
	centreY: 78,
	rangeM: 120,
};

/** Nobody is seen in this pixel. */
export const NOBODY = -1;

const SIDE_LIGHT = 0.55;

/** Scratch for one world; `render` allocates nothing. */
export class Camera {
	readonly options: CameraOptions;
	/** Who is seen in each pixel of the last picture, by index in the world, column by column. Part of the truth. */
	readonly owners: Int32Array;
	readonly #world: World;
	readonly #boxes: RayBoxes;
	/** Of each pixel, by column and then row: distance in plan view, the box seen, and how light its side is. */
	readonly #distancesM: Float32Array;
	readonly #shades: Float32Array;
	readonly #seen: Int32Array;
	readonly #ray = { xM: 0, yM: 0, dx: 1, dy: 0, timeS: 0 };
	readonly #hit: PlanHit = { nearM: 0, farM: 0, incidence: 0 };
	readonly #road: RoadView;
	readonly #random: Random;
	readonly #noise: NoiseTable;
	readonly #colour = new Float32Array(3);

	constructor(world: World, random: Random, options: CameraOptions = CAMERA) {
		this.options = options;
		this.#world = world;
		this.#boxes = rayBoxesFor(world);
		const pixelCount = options.width * options.height;
		this.owners = new Int32Array(pixelCount);
		this.#distancesM = new Float32Array(pixelCount);
		this.#shades = new Float32Array(pixelCount);
		this.#seen = new Int32Array(pixelCount);
		this.#road = createRoadView(options.rangeM);
		this.#random = random;
		this.#noise = new NoiseTable(random);
	}

	/**
	 * Fills `into` with what is seen at this instant.
	 * @throws RangeError when the picture has another size.
	 */
	render(motion: SensorMotion, alongM: number, into: ImageU8): void {
		const { width, height, rangeM } = this.options;
		if (into.width !== width || into.height !== height)
			throw new RangeError(
				`a picture of ${into.width} × ${into.height} where ${width} × ${height} are rendered`,
			);
		gatherBoxes(this.#world, motion, rangeM, this.#boxes);
		viewRoad(this.#world.road, motion, alongM, this.#road);
		this.#distancesM.fill(Number.POSITIVE_INFINITY);
		this.#seen.fill(NOBODY);
		for (let i = 0; i < this.#boxes.count; i++) this.#draw(i, motion);
		for (let column = 0; column < width; column++)
			this.#tell(column, motion, into);
	}

	/** Length of the ray through a column per metre of depth. */
	#stretch(column: number): number {
		const side = (column + 0.5 - this.options.centreX) / this.options.focalPx;
		return Math.sqrt(1 + side * side);
	}

	#draw(i: number, motion: SensorMotion): void {
		const { width, focalPx, centreX } = this.options;
		const boxes = this.#boxes;
		const x = boxes.xM[i]!;
		const y = boxes.yM[i]!;
		const radiusM = Math.hypot(boxes.halfLengthM[i]!, boxes.halfWidthM[i]!);
		if (x < -radiusM) return;
		let from = 0;
		let to = width;
		const nearestM = x - radiusM;
		if (nearestM > 0.5) {
			// The circle around it, seen from its nearer side.
			const right = (y - radiusM) / (y > radiusM ? x + radiusM : nearestM);
			const left = (y + radiusM) / (y < -radiusM ? x + radiusM : nearestM);
			from = Math.max(0, Math.floor(centreX - focalPx * left));
			to = Math.min(width, Math.ceil(centreX - focalPx * right) + 1);
		}
		const groundM =
			-motion.heightM + motion.groundSlopeX * x + motion.groundSlopeY * y;
		const bottomM = groundM + boxes.bottomM[i]!;
		const topM = groundM + boxes.topM[i]!;
		const ray = this.#ray;
		for (let column = from; column < to; column++) {
			const stretch = this.#stretch(column);
			ray.dx = 1 / stretch;
			ray.dy = (centreX - column - 0.5) / focalPx / stretch;
			if (meetsBox(boxes, i, ray, this.#hit))
				this.#drawColumn(column, i, bottomM, topM);
		}
	}

	#drawColumn(column: number, i: number, bottomM: number, topM: number): void {
		const { focalPx } = this.options;
		const { nearM, farM, incidence } = this.#hit;
		const scale = focalPx * this.#stretch(column);
		const shade = SIDE_LIGHT + (1 - SIDE_LIGHT) * incidence * 0.7;
		this.#paint(column, i, topM / nearM, bottomM / nearM, nearM, 0, shade);
		if (topM < 0)
			this.#paint(column, i, topM / farM, topM / nearM, topM, scale, 1);
		if (bottomM > 0)
			this.#paint(
				column,
				i,
				bottomM / nearM,
				bottomM / farM,
				bottomM,
				scale,
				0.4,
			);
	}

	/**
	 * Paints the rows between two slopes. With a scale, `distance` is a height instead, at which the box is flat: the
	 * distance follows from the row.
	 */
	#paint(
		column: number,
		i: number,
		upper: number,
		lower: number,
		distance: number,
		scale: number,
		shade: number,
	): void {
		const { height, centreY, focalPx } = this.options;
		const perSlope = focalPx * this.#stretch(column);
		const from = Math.max(0, Math.ceil(centreY - perSlope * upper - 0.5));
		const to = Math.min(height, Math.ceil(centreY - perSlope * lower - 0.5));
		const first = column * height;
		for (let row = from; row < to; row++) {
			const r =
				scale === 0 ? distance : (distance * scale) / (centreY - row - 0.5);
			const at = first + row;
			if (!(r < this.#distancesM[at]!)) continue;
			this.#distancesM[at] = r;
			this.#shades[at] = shade;
			this.#seen[at] = i;
		}
	}

	/** From what is seen to colours, with light, haze and noise. */
	#tell(column: number, motion: SensorMotion, into: ImageU8): void {
		const { width, height, focalPx, centreX, centreY, rangeM } = this.options;
		const { light, hazeM, cameraNoise } = this.#world.weather;
		const stretch = this.#stretch(column);
		const dx = 1 / stretch;
		const dy = (centreX - column - 0.5) / focalPx / stretch;
		const rise = motion.groundSlopeX * dx + motion.groundSlopeY * dy;
		const perRow = 1 / (focalPx * stretch);
		const colour = this.#colour;
		const { rgb, owners } = this.#boxes;
		const data = into.data;
		for (let row = 0; row < height; row++) {
			const at = column * height + row;
			const seen = this.#seen[at]!;
			let distance = this.#distancesM[at]!;
			this.owners[at] = NOBODY;
			let shade = 1;
			if (seen !== NOBODY) {
				this.owners[at] = owners[seen]!;
				shade = this.#shades[at]!;
				colour[0] = rgb[3 * seen]!;
				colour[1] = rgb[3 * seen + 1]!;
				colour[2] = rgb[3 * seen + 2]!;
			} else {
				const fall = rise - (centreY - row - 0.5) * perRow;
				distance = fall > 0 ? motion.heightM / fall : rangeM;
				if (distance < rangeM)
					writeGround(this.#road, distance * dx, distance * dy, colour);
				else distance = Number.POSITIVE_INFINITY;
			}
			// 1: nothing of the colour is left. A rational curve: no exponential for each pixel.
			const haze = 1 - hazeM / (hazeM + distance);
			const bits = this.#random.nextUint32();
			const dim = light * shade * (1 - haze);
			const sky = light * haze;
			const pixel = 3 * (row * width + column);
			data[pixel] = clamp(
				dim * colour[0]! + sky * SKY_RED + cameraNoise * this.#noise.at(bits),
			);
			data[pixel + 1] = clamp(
				dim * colour[1]! +
					sky * SKY_GREEN +
					cameraNoise * this.#noise.at(bits >>> 10),
			);
			data[pixel + 2] = clamp(
				dim * colour[2]! +
					sky * SKY_BLUE +
					cameraNoise * this.#noise.at(bits >>> 20),
			);
		}
	}
}

const SKY_RED = 176;
const SKY_GREEN = 198;
const SKY_BLUE = 222;

function clamp(value: number): number {
	return value < 0 ? 0 : Math.min(value, 255);
}
