// Do two rectangles on the ground share a place? Separating axes: they do not exactly when one of their four sides'
// directions parts them. https://doi.org/10.1145/237170.237244
import type { Pose } from "./pose.ts";

export interface Footprint {
	readonly pose: Pose;
	readonly lengthM: number;
	readonly widthM: number;
}

/** The vehicle that is driven, as those in the street see it. */
export interface VehicleInStreet {
	readonly footprint: Footprint;
	/** Along the road. */
	readonly alongM: number;
	readonly speedMps: number;
}

/** @param marginM kept free around both together. */
export function footprintsOverlap(
	a: Footprint,
	b: Footprint,
	marginM = 0,
): boolean {
	const dx = b.pose.xM - a.pose.xM;
	const dy = b.pose.yM - a.pose.yM;
	const reach = (a.lengthM + a.widthM + b.lengthM + b.widthM) / 2 + marginM;
	if (dx * dx + dy * dy > reach * reach) return false;
	return !isParted(a, b, dx, dy, marginM) && !isParted(b, a, -dx, -dy, marginM);
}

/** By a side of `a`. */
function isParted(
	a: Footprint,
	b: Footprint,
	dx: number,
	dy: number,
	marginM: number,
): boolean {
	const cosA = Math.cos(a.pose.yawRad);
	const sinA = Math.sin(a.pose.yawRad);
	const along = Math.abs(cosA * dx + sinA * dy);
	const across = Math.abs(cosA * dy - sinA * dx);
	const turn = b.pose.yawRad - a.pose.yawRad;
	const cos = Math.abs(Math.cos(turn));
	const sin = Math.abs(Math.sin(turn));
	const halfAlong = (a.lengthM + cos * b.lengthM + sin * b.widthM) / 2;
	const halfAcross = (a.widthM + sin * b.lengthM + cos * b.widthM) / 2;
	return along > halfAlong + marginM || across > halfAcross + marginM;
}
