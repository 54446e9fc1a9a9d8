// How good a LiDAR detector is on streets that it has not learnt from.
import {
	BEV_CAPACITY,
	BevInput,
	BevOutput,
	createPoints,
	createRotatedDetections,
	createSweepMotion,
	ROTATED_BOX_STRIDE,
	type RotatedDetections,
	rotatedIntersectionOverUnion,
} from "@saccade/perception";
import type { BevNetwork } from "../drivers/lidar-driver.ts";
import { LIDAR_MOUNT, mountTransform } from "../sensors/mounts.ts";
import { OBJECT_CLASSES } from "../world/shapes.ts";
import {
	type PrecisionResult,
	PrecisionTally,
} from "./mean-average-precision.ts";
import { type Observed, observeDrives } from "./observe-drives.ts";
import { labelSweep } from "./sweep-labels.ts";

const REFERENCE_S = 0.05;
const LEAST_SCORE = 0.05;
/** What counts: seen by so many points, and so near. */
const LEAST_POINTS = 5;
const RANGE_M = 30;

export async function judgeBev(
	network: BevNetwork,
	observed: Observed,
	iouThreshold = 0.5,
): Promise<PrecisionResult> {
	const input = new BevInput();
	const output = new BevOutput();
	const tensor = new Float32Array(input.elementCount);
	const motion = createSweepMotion();
	const mount = mountTransform(LIDAR_MOUNT);
	const said = createRotatedDetections(BEV_CAPACITY);
	const tally = new PrecisionTally(OBJECT_CLASSES.length, iouThreshold);
	let points = createPoints(0, { withTimes: true });
	await observeDrives(observed, async (simulation) => {
		const { vehicle, lidar } = simulation;
		if (points.xyzi.length < 4 * lidar.rayCount)
			points = createPoints(lidar.rayCount, { withTimes: true });
		simulation.sweep(points);
		motion.velocityXMps = vehicle.speedMps;
		motion.angularZRadps = vehicle.yawRateRadps;
		input.draw(points, { motion, mount, referenceS: REFERENCE_S }, tensor);
		output.decode(await network(tensor), LEAST_SCORE, said);
		dropFar(said);
		const labels = labelSweep(simulation, REFERENCE_S);
		tally.addScene(
			said,
			labels.map(({ classId, pointCount, xM, yM }) => ({
				classId,
				counts: pointCount >= LEAST_POINTS && isNear(xM, yM),
			})),
			(d, t) => {
				const { xM, yM, lengthM, widthM, yawRad } = labels[t]!;
				return rotatedIntersectionOverUnion(
					said.rotatedBoxes,
					ROTATED_BOX_STRIDE * d,
					[xM, yM, lengthM, widthM, yawRad],
					0,
				);
			},
		);
	});
	return tally.result();
}

/** On the grid too: what lies behind it cannot be told. */
function isNear(xM: number, yM: number): boolean {
	return Math.hypot(xM, yM) <= RANGE_M && xM > -12;
}

/** What is said about places that are not judged is not judged. */
function dropFar(said: RotatedDetections): void {
	let kept = 0;
	for (let i = 0; i < said.count; i++) {
		const at = ROTATED_BOX_STRIDE * i;
		if (!isNear(said.rotatedBoxes[at]!, said.rotatedBoxes[at + 1]!)) continue;
		said.rotatedBoxes.copyWithin(
			ROTATED_BOX_STRIDE * kept,
			at,
			at + ROTATED_BOX_STRIDE,
		);
		said.scores[kept] = said.scores[i]!;
		said.classIds[kept++] = said.classIds[i]!;
	}
	said.count = kept;
}
