// Poses of a vehicle over the last moments, as plain data that another thread can be sent: what is told about the past
// needs the pose of then.
import type { SweepMotion } from "../clouds/deskew.ts";

export interface OdometryPose {
	xM: number;
	yM: number;
	yawRad: number;
	speedMps: number;
	yawRateRadps: number;
}

export function createOdometryPose(): OdometryPose {
	return { xM: 0, yM: 0, yawRad: 0, speedMps: 0, yawRateRadps: 0 };
}

/** A ring of the newest poses, oldest first from `last + 1 − count` on. Only `Odometry` writes to it. */
export interface PoseHistory {
	/** time, x, y, yaw, speed, yaw rate of each. */
	readonly values: Float64Array;
	readonly capacity: number;
	count: number;
	/** Place of the newest; −1 before the first. */
	last: number;
}

export const POSE_FIELDS = 6;
export const TIME = 0;
export const X = 1;
export const Y = 2;
export const YAW = 3;
export const SPEED = 4;
export const RATE = 5;

export function createPoseHistory(capacity: number): PoseHistory {
	const values = new Float64Array(POSE_FIELDS * capacity);
	return { values, capacity, count: 0, last: -1 };
}

/** Of the newest pose; −Infinity before the first. */
export function newestPoseS({ values, count, last }: PoseHistory): number {
	return count === 0
		? Number.NEGATIVE_INFINITY
		: values[POSE_FIELDS * last + TIME]!;
}

/**
 * Fills `into` with the pose at an instant: between poses by a straight line, beyond the newest by its motion.
 * @returns false when nothing is known, or only what is older than the oldest that is kept: the oldest is then told
 */
export function poseAt(
	history: PoseHistory,
	timeS: number,
	into: OdometryPose,
): boolean {
	const { values, capacity, count, last } = history;
	if (count === 0) return false;
	let newer = last;
	let left = count - 1;
	let older = newer;
	while (left > 0 && values[POSE_FIELDS * older + TIME]! > timeS) {
		newer = older;
		older = (older + capacity - 1) % capacity;
		left--;
	}
	const a = POSE_FIELDS * older;
	const b = POSE_FIELDS * newer;
	const fromS = values[a + TIME]!;
	if (older === newer) {
		const beyondS = Math.max(0, timeS - fromS);
		const turn = beyondS * values[a + RATE]!;
		const yaw = values[a + YAW]!;
		const stepM = beyondS * values[a + SPEED]!;
		into.xM = values[a + X]! + stepM * Math.cos(yaw + turn / 2);
		into.yM = values[a + Y]! + stepM * Math.sin(yaw + turn / 2);
		into.yawRad = yaw + turn;
		into.speedMps = values[a + SPEED]!;
		into.yawRateRadps = values[a + RATE]!;
		return timeS >= fromS;
	}
	const share = Math.max(0, (timeS - fromS) / (values[b + TIME]! - fromS));
	const at = (field: number) =>
		values[a + field]! + share * (values[b + field]! - values[a + field]!);
	into.xM = at(X);
	into.yM = at(Y);
	into.yawRad = at(YAW);
	into.speedMps = at(SPEED);
	into.yawRateRadps = at(RATE);
	return timeS >= fromS;
}

/** Sets `into` to the mean motion over an interval, such as a sweep. Nothing known: no motion. */
export function motionOver(
	history: PoseHistory,
	fromS: number,
	toS: number,
	into: SweepMotion,
): void {
	into.angularXRadps = 0;
	into.angularYRadps = 0;
	into.angularZRadps = 0;
	into.velocityXMps = 0;
	into.velocityYMps = 0;
	into.velocityZMps = 0;
	if (!poseAt(history, fromS, from) || !poseAt(history, toS, to)) return;
	const seconds = toS - fromS;
	into.angularZRadps = (to.yawRad - from.yawRad) / seconds;
	into.velocityXMps = Math.hypot(to.xM - from.xM, to.yM - from.yM) / seconds;
}

const from = createOdometryPose();
const to = createOdometryPose();
