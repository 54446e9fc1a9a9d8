// What the bundled camera detector reads and says: pictures as they come, boxes in their pixels.
import { createDetections, type Detections } from "../boxes/detections.ts";
import { NonMaximumSuppression } from "../boxes/non-maximum-suppression.ts";
import {
	CentreBoxDecoder,
	type CentreBoxOutput,
} from "../detectors/centre-box.ts";

/** [rows, columns, channels] of bytes. */
export const CAMERA_INPUT_SHAPE: readonly [number, number, number] = [
	192, 320, 3,
];

/** In the order of the heat maps. */
export const CAMERA_CLASSES: readonly string[] = [
	"car",
	"cyclist",
	"pedestrian",
];

/** Detections below this are noise to whoever looks at pictures. */
export const CAMERA_LEAST_SCORE = 0.3;
/** By class: of what stands on the street, in the middle. */
export const CAMERA_HEIGHTS_M: readonly number[] = [1.6, 1.75, 1.7];

/** Pixels of a cell of the answer. */
export const CAMERA_STRIDE_PX = 4;
const ROWS = CAMERA_INPUT_SHAPE[0] / CAMERA_STRIDE_PX;
const COLUMNS = CAMERA_INPUT_SHAPE[1] / CAMERA_STRIDE_PX;
/** Elements of one picture's outputs, by their name in the model. */
export const CAMERA_OUTPUT_SIZES: Readonly<
	Record<keyof CentreBoxOutput, number>
> = {
	heatmap: CAMERA_CLASSES.length * ROWS * COLUMNS,
	edges: 4 * ROWS * COLUMNS,
};
/** Most boxes of one picture. */
export const CAMERA_CAPACITY = 192;

/** Scratch for one stream; `decode` allocates nothing. */
export class CameraOutput {
	readonly #decoder = new CentreBoxDecoder({
		classCount: CAMERA_CLASSES.length,
		rows: ROWS,
		columns: COLUMNS,
		stridePx: CAMERA_STRIDE_PX,
		maxCount: CAMERA_CAPACITY,
	});
	readonly #suppression = new NonMaximumSuppression(CAMERA_CAPACITY, {
		iouThreshold: 0.5,
	});
	readonly #candidates = createDetections(CAMERA_CAPACITY);

	/** Replaces `into`, which has a capacity of `CAMERA_CAPACITY`, with what scores above the threshold (0 … 1), best first. */
	decode(output: CentreBoxOutput, threshold: number, into: Detections): void {
		this.#decoder.decode(output, threshold, this.#candidates);
		this.#suppression.run(this.#candidates, into);
	}
}
