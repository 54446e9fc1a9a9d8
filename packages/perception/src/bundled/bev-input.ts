// What the bundled LiDAR detector reads: a sweep in the vehicle's frame, each point moved to one instant, seen from above.
// Its training data is drawn by this same code.
import { deskewPoints, type SweepMotion } from "../clouds/deskew.ts";
import type { Points } from "../clouds/points.ts";
import { type RigidTransform, transformPoints } from "../clouds/transform.ts";
import type { GroundGrid } from "../grid/ground-grid.ts";
import { type BevChannel, BevRaster } from "../voxels/bev-raster.ts";

/** 64 × 64 m, from 12.8 m behind the rear axle to 51.2 m ahead. */
export const BEV_GRID: GroundGrid = {
	minXM: -12.8,
	minYM: -32,
	cellM: 0.4,
	rows: 160,
	columns: 160,
};

export const BEV_CHANNELS: readonly BevChannel[] = [
	"occupancy",
	"density",
	"max-height",
	"min-height",
	"mean-intensity",
	"max-intensity",
	"mean-x",
	"mean-y",
];

/** Over the ground under the rear axle; it rises and falls ahead as the vehicle pitches. */
export const BEV_HEIGHTS: { readonly minZM: number; readonly maxZM: number } = {
	minZM: -1,
	maxZM: 3,
};

/** [channels, rows, columns]. */
export const BEV_INPUT_SHAPE: readonly [number, number, number] = [
	BEV_CHANNELS.length,
	BEV_GRID.rows,
	BEV_GRID.columns,
];

/** Scratch for one stream; `draw` allocates nothing. */
export class BevInput {
	readonly #raster: BevRaster;

	constructor() {
		this.#raster = new BevRaster({
			grid: BEV_GRID,
			...BEV_HEIGHTS,
			channels: BEV_CHANNELS,
		});
	}

	get elementCount(): number {
		return this.#raster.elementCount;
	}

	/**
	 * Moves the points, in place, to the vehicle's frame at `referenceS`, and fills the tensor with them.
	 * @param motion of the vehicle's frame, over the sweep
	 * @param mount from the sensor's frame to the vehicle's
	 * @throws RangeError when the points have no times or the tensor has the wrong size.
	 */
	draw(
		points: Points,
		sweep: {
			readonly motion: SweepMotion;
			readonly mount: RigidTransform;
			readonly referenceS: number;
		},
		tensor: Float32Array,
	): number {
		transformPoints(points, sweep.mount);
		deskewPoints(points, sweep.motion, sweep.referenceS);
		return this.#raster.draw(points, tensor);
	}
}
