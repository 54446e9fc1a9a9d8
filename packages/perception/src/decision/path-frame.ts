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
	/** Where it means to go, if it has a plan; the curvature is then not used. @default null */
	readonly path?: PlannedPath | null;
}

/** Points along a planned path, in the frame of the tracks; it goes on straight at both ends. */
export interface PlannedPath {
	/** How many of the points are valid. Fewer than 1: no plan. */
	count: number;
	/** From one point to the next, along the path: short against its radii. */
	stepM: number;
	readonly xM: Float64Array;
	readonly yM: Float64Array;
	/** Direction of travel. */
	readonly yawRad: Float64Array;
}

export function createPlannedPath(capacity: number): PlannedPath {
	return {
		count: 0,
		stepM: 0,
		xM: new Float64Array(capacity),
		yM: new Float64Array(capacity),
		yawRad: new Float64Array(capacity),
	};
}

/** A place as seen from a path. */
interface PathPlace {
	alongM: number;
	leftM: number;
	/** Of the path there. */
	headingRad: number;
}

const egoPlace: PathPlace = { alongM: 0, leftM: 0, headingRad: 0 };
const trackPlace: PathPlace = { alongM: 0, leftM: 0, headingRad: 0 };

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
	const vx = tracks.velocityXMps[i]!;
	const vy = tracks.velocityYMps[i]!;
	const x = tracks.xM[i]! + aheadS * vx;
	const y = tracks.yM[i]! + aheadS * vy;
	const place = trackPlace;
	if (ego.path != null && ego.path.count > 0) {
		placeOnPath(ego.path, ego.xM, ego.yM, egoPlace);
		placeOnPath(ego.path, x, y, place);
		place.alongM -= egoPlace.alongM;
		place.leftM -= egoPlace.leftM;
	} else placeOnArc(ego, x, y, place);
	const { headingRad } = place;
	const alongX = Math.cos(headingRad);
	const alongY = Math.sin(headingRad);
	into.xM = place.alongM;
	into.yM = place.leftM;
	into.velocityXMps = alongX * vx + alongY * vy;
	into.velocityYMps = alongX * vy - alongY * vx;
	const yaw = tracks.yawRad[i]! - headingRad;
	const along = Math.abs(Math.cos(yaw)) / 2;
	const across = Math.abs(Math.sin(yaw)) / 2;
	into.halfXM = along * tracks.lengthM[i]! + across * tracks.widthM[i]!;
	into.halfYM = across * tracks.lengthM[i]! + along * tracks.widthM[i]!;
}

function placeOnArc(
	ego: EgoState,
	x: number,
	y: number,
	into: PathPlace,
): void {
	const cos = Math.cos(ego.yawRad);
	const sin = Math.sin(ego.yawRad);
	const dx = x - ego.xM;
	const dy = y - ego.yM;
	const ahead = cos * dx + sin * dy;
	const left = cos * dy - sin * dx;
	into.alongM = ahead;
	into.leftM = left;
	into.headingRad = ego.yawRad;
	const curvature = ego.curvaturePerM;
	if (Math.abs(curvature) < MIN_CURVATURE_PER_M) return;
	// Towards the centre of the circle, so that a right turn is a mirrored left one.
	const side = Math.sign(curvature);
	const radius = 1 / Math.abs(curvature);
	const inward = radius - side * left;
	const angle = Math.atan2(ahead, inward);
	into.alongM = radius * angle;
	into.leftM = side * (radius - Math.sqrt(ahead * ahead + inward * inward));
	// How far the path has turned where it passes the track.
	into.headingRad = ego.yawRad + side * angle;
}

/** By the nearest of the points, whose tangent stands for the path around it. */
function placeOnPath(
	path: PlannedPath,
	x: number,
	y: number,
	into: PathPlace,
): void {
	let nearest = 0;
	let least = Number.POSITIVE_INFINITY;
	for (let i = 0; i < path.count; i++) {
		const dx = x - path.xM[i]!;
		const dy = y - path.yM[i]!;
		const squared = dx * dx + dy * dy;
		if (squared >= least) continue;
		least = squared;
		nearest = i;
	}
	const heading = path.yawRad[nearest]!;
	const cos = Math.cos(heading);
	const sin = Math.sin(heading);
	const dx = x - path.xM[nearest]!;
	const dy = y - path.yM[nearest]!;
	into.alongM = nearest * path.stepM + cos * dx + sin * dy;
	into.leftM = cos * dy - sin * dx;
	into.headingRad = heading;
}
