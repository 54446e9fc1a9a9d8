// How good a camera detector is on streets that it has not learnt from.
import {
	CAMERA_CAPACITY,
	CameraOutput,
	createDetections,
	createImage,
	intersectionOverUnion,
} from "@saccade/perception";
import type { CameraNetwork } from "../drivers/lidar-driver.ts";
import { CAMERA } from "../sensors/camera.ts";
import { OBJECT_CLASSES } from "../world/shapes.ts";
import {
	type PrecisionResult,
	PrecisionTally,
} from "./mean-average-precision.ts";
import { type Observed, observeDrives } from "./observe-drives.ts";
import { labelPicture } from "./picture-labels.ts";

const LEAST_SCORE = 0.05;
const LEAST_HEIGHT_PX = 10;
/** Narrower slivers of what is hidden cannot be told from a post. */
const LEAST_WIDTH_PX = 3;

export async function judgeCamera(
	network: CameraNetwork,
	observed: Observed,
	iouThreshold = 0.5,
): Promise<PrecisionResult> {
	const output = new CameraOutput();
	const said = createDetections(CAMERA_CAPACITY);
	const { width, height } = CAMERA;
	const picture = createImage(
		new Uint8Array(3 * width * height),
		width,
		height,
	);
	const tally = new PrecisionTally(OBJECT_CLASSES.length, iouThreshold);
	await observeDrives(observed, async (simulation) => {
		simulation.takePicture(picture);
		output.decode(await network(picture), LEAST_SCORE, said);
		const patches = labelPicture(simulation);
		tally.addScene(
			said,
			patches.map(({ classId, x1, y1, x2, y2 }) => ({
				classId,
				counts: y2 - y1 >= LEAST_HEIGHT_PX && x2 - x1 >= LEAST_WIDTH_PX,
			})),
			(d, t) => {
				const { x1, y1, x2, y2 } = patches[t]!;
				return intersectionOverUnion(
					said.boxes,
					4 * d,
					Float32Array.of(x1, y1, x2, y2),
					0,
				);
			},
		);
	});
	return tally.result();
}
