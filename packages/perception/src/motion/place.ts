// From the vehicle's frame to that of its odometry.
import type { RotatedDetections } from "../boxes/rotated-detections.ts";
import { ROTATED_BOX_STRIDE } from "../boxes/rotated-iou.ts";
import type { EgoState, PlannedPath } from "../decision/path-frame.ts";
import {
	createOdometryPose,
	type OdometryPose,
	type PoseHistory,
	poseAt,
} from "./pose-history.ts";

/** Fills `into`, which has room for them, with boxes that were seen from a pose. */
export function placeDetections(
	seen: RotatedDetections,
	pose: OdometryPose,
	into: RotatedDetections,
): void {
	const cos = Math.cos(pose.yawRad);
	const sin = Math.sin(pose.yawRad);
	const { count, rotatedBoxes, scores, classIds } = seen;
	into.count = count;
	for (let i = 0; i < count; i++) {
		const at = ROTATED_BOX_STRIDE * i;
		const x = rotatedBoxes[at]!;
		const y = rotatedBoxes[at + 1]!;
		into.rotatedBoxes[at] = pose.xM + cos * x - sin * y;
		into.rotatedBoxes[at + 1] = pose.yM + sin * x + cos * y;
		into.rotatedBoxes[at + 2] = rotatedBoxes[at + 2]!;
		into.rotatedBoxes[at + 3] = rotatedBoxes[at + 3]!;
		into.rotatedBoxes[at + 4] = pose.yawRad + rotatedBoxes[at + 4]!;
		into.scores[i] = scores[i]!;
		into.classIds[i] = classIds[i]!;
	}
}

/** Points of a planned path in the vehicle's frame, one every `stepM`. */
export interface PathPoints {
	readonly stepM: number;
	readonly xM: ArrayLike<number>;
	readonly yM: ArrayLike<number>;
	readonly yawRad: ArrayLike<number>;
}

/** @throws RangeError when there are more points than the capacity. */
export function assertPathRoom(points: PathPoints, into: PlannedPath): void {
	const count = points.xM.length;
	if (count > into.xM.length)
		throw new RangeError(
			`a path of ${count} points, but a capacity of ${into.xM.length}`,
		);
}

/** Fills `into`, which has room for it, with a path that was planned at a pose. */
export function placePath(
	points: PathPoints,
	pose: OdometryPose,
	into: PlannedPath,
): void {
	const count = points.xM.length;
	const cos = Math.cos(pose.yawRad);
	const sin = Math.sin(pose.yawRad);
	into.count = count;
	into.stepM = points.stepM;
	for (let i = 0; i < count; i++) {
		const x = points.xM[i]!;
		const y = points.yM[i]!;
		into.xM[i] = pose.xM + cos * x - sin * y;
		into.yM[i] = pose.yM + sin * x + cos * y;
		into.yawRad[i] = pose.yawRad + points.yawRad[i]!;
	}
}

/** The vehicle at an instant, by its odometry; a speed that is NaN says that nothing is known of then. */
export function egoAt(
	history: PoseHistory,
	timeS: number,
	path: PlannedPath | null,
	into: MutableEgoState,
): EgoState {
	const isKnown = poseAt(history, timeS, pose);
	into.timeS = timeS;
	into.xM = pose.xM;
	into.yM = pose.yM;
	into.yawRad = pose.yawRad;
	into.speedMps = isKnown ? pose.speedMps : Number.NaN;
	into.curvaturePerM =
		pose.speedMps > MIN_SPEED_MPS ? pose.yawRateRadps / pose.speedMps : 0;
	into.path = path;
	return into;
}

/** Slower than this, a turn rate tells no curvature. */
const MIN_SPEED_MPS = 1;
const pose = createOdometryPose();

type MutableEgoState = { -readonly [Name in keyof EgoState]: EgoState[Name] };

export function createEgoState(): MutableEgoState {
	return {
		timeS: 0,
		xM: 0,
		yM: 0,
		yawRad: 0,
		speedMps: 0,
		curvaturePerM: 0,
		path: null,
	};
}
