// What the bundled LiDAR detector says, as boxes on the ground around the vehicle.
import {
	createRotatedDetections,
	type RotatedDetections,
} from "../boxes/rotated-detections.ts";
import { RotatedSuppression } from "../boxes/rotated-suppression.ts";
import {
	CentrePointDecoder,
	type CentrePointOutput,
} from "../detectors/centre-point.ts";
import type { GroundGrid } from "../grid/ground-grid.ts";
import { BEV_GRID } from "./bev-input.ts";

/** In the order of the heat maps. */
export const BEV_CLASSES: readonly string[] = ["car", "cyclist", "pedestrian"];

/** Cells of the input on each side of one of the output. */
const STRIDE = 2;
export const BEV_OUTPUT_GRID: GroundGrid = {
	...BEV_GRID,
	cellM: BEV_GRID.cellM * STRIDE,
	rows: BEV_GRID.rows / STRIDE,
	columns: BEV_GRID.columns / STRIDE,
};
const CELLS = BEV_OUTPUT_GRID.rows * BEV_OUTPUT_GRID.columns;
/** Elements of one scene's outputs, by their name in the model. */
export const BEV_OUTPUT_SIZES: Readonly<
	Record<keyof CentrePointOutput, number>
> = {
	heatmap: BEV_CLASSES.length * CELLS,
	offset: 2 * CELLS,
	size: 2 * CELLS,
	yaw: 2 * CELLS,
};
/** Most boxes of one sweep. */
export const BEV_CAPACITY = 192;

/** Scratch for one stream; `decode` allocates nothing. */
export class BevOutput {
	readonly #decoder = new CentrePointDecoder({
		grid: BEV_OUTPUT_GRID,
		classCount: BEV_CLASSES.length,
		scores: "logits",
		yawHarmonic: 2,
	});
	readonly #suppression = new RotatedSuppression(BEV_CAPACITY);
	readonly #candidates = createRotatedDetections(BEV_CAPACITY);

	/** Replaces `into`, which has a capacity of `BEV_CAPACITY`, with what scores above the threshold (0 … 1), best first. */
	decode(
		output: CentrePointOutput,
		threshold: number,
		into: RotatedDetections,
	): void {
		this.#decoder.decode(output, threshold, this.#candidates);
		this.#suppression.run(this.#candidates, into);
	}
}
