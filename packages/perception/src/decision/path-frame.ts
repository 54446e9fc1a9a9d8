// From the ground plane to the path that the vehicle is on: an arc of constant curvature, unrolled to a straight line.
import type { Tracks } from "../tracking/tracks.ts";
import type { MovingBox } from "./time-to-collision.ts";

/** Of the vehicle, in the frame of the tracks. */
export interface EgoState {
	/** Of these numbers, on the clock of the tracks. */
	readonly timeS: number;
	/** Of the point that `VehicleShape` is measured from, mostly the rear axle. */
	readonly xM: number;
	readonly yM: number;
	readonly yawRad: number;
	/** Forward. */
	readonly speedMps: number;
	/** 1 / radius of the path ahead, positive to the left: yaw rate over speed. 0: straight. */
	readonly curvaturePerM: number;
}

/** Below this the arc is a line: 10 km of radius bend it by 13 cm in 50 m. */
const MIN_CURVATURE_PER_M = 1e-4;

/**
 * Fills `into` with track `i` as seen along the path, `aheadS` seconds after its time: x ahead along it, y to its left,
 * velocity over the ground.
 */
export function toPathFrame(
	tracks: Tracks,
	i: number,
	ego: EgoState,
	aheadS: number,
	into: MovingBox,
): void {
	const cos = Math.cos(ego.yawRad);
	const sin = Math.sin(ego.yawRad);
	const vx = tracks.velocityXMps[i]!;
	const vy = tracks.velocityYMps[i]!;
	const dx = tracks.xM[i]! + aheadS * vx - ego.xM;
	const dy = tracks.yM[i]! + aheadS * vy - ego.yM;
	const ahead = cos * dx + sin * dy;
	const left = cos * dy - sin * dx;
	// How far the path has turned where it passes the track.
	let turnRad = 0;
	into.xM = ahead;
	into.yM = left;
	const curvature = ego.curvaturePerM;
	if (Math.abs(curvature) >= MIN_CURVATURE_PER_M) {
		// Towards the centre of the circle, so that a right turn is a mirrored left one.
		const side = Math.sign(curvature);
		const radius = 1 / Math.abs(curvature);
		const inward = radius - side * left;
		const angle = Math.atan2(ahead, inward);
		turnRad = side * angle;
		into.xM = radius * angle;
		into.yM = side * (radius - Math.sqrt(ahead * ahead + inward * inward));
	}
	const heading = ego.yawRad + turnRad;
	const alongX = Math.cos(heading);
	const alongY = Math.sin(heading);
	into.velocityXMps = alongX * vx + alongY * vy;
	into.velocityYMps = alongX * vy - alongY * vx;
	const yaw = tracks.yawRad[i]! - heading;
	const along = Math.abs(Math.cos(yaw)) / 2;
	const across = Math.abs(Math.sin(yaw)) / 2;
	into.halfXM = along * tracks.lengthM[i]! + across * tracks.widthM[i]!;
	into.halfYM = across * tracks.lengthM[i]! + along * tracks.widthM[i]!;
}
