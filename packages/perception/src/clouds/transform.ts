// A rigid motion of points, such as from a sensor's frame to the vehicle's.
import { POINT_STRIDE, type Points } from "./points.ts";

/** Row-major 3 × 4: three rows of rotation, each with its translation in metres. */
export type RigidTransform = ArrayLike<number>;

/** From nuScenes' LiDAR axes (x right, y forward) to those of REP 103 (x forward, y left). */
export const NUSCENES_TO_REP103: RigidTransform = Object.freeze([
	0, 1, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0,
]);

/** One kind of array for the loop, whatever kind the caller has. */
const matrix = new Float64Array(12);

/** In place; intensity and time stay. @throws RangeError unless the transform has 12 numbers. */
export function transformPoints(
	points: Points,
	transform: RigidTransform,
): void {
	if (transform.length !== 12)
		throw new RangeError(
			`a transform of ${transform.length} numbers where 12 are needed`,
		);
	for (let i = 0; i < 12; i++) matrix[i] = transform[i]!;
	const { xyzi } = points;
	const m = matrix;
	const end = POINT_STRIDE * points.count;
	for (let at = 0; at < end; at += POINT_STRIDE) {
		const x = xyzi[at]!;
		const y = xyzi[at + 1]!;
		const z = xyzi[at + 2]!;
		xyzi[at] = m[0]! * x + m[1]! * y + m[2]! * z + m[3]!;
		xyzi[at + 1] = m[4]! * x + m[5]! * y + m[6]! * z + m[7]!;
		xyzi[at + 2] = m[8]! * x + m[9]! * y + m[10]! * z + m[11]!;
	}
}
