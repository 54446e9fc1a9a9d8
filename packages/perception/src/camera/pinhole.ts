// A camera without distortion on a vehicle: where what stands on the ground is seen in its pictures.
import type { RigidTransform } from "../clouds/transform.ts";

export interface Pinhole {
	readonly widthPx: number;
	readonly heightPx: number;
	/** Pixels per unit of tangent. */
	readonly focalXPx: number;
	readonly focalYPx: number;
	readonly centreXPx: number;
	readonly centreYPx: number;
	/** From the optical frame (x right, y down, z ahead: REP 103) to the vehicle's (x ahead, y left, z up). */
	readonly mount: RigidTransform;
}

/** A box that stands on the ground of a vehicle's frame. */
export interface StandingBox {
	xM: number;
	yM: number;
	yawRad: number;
	lengthM: number;
	widthM: number;
	heightM: number;
}

/** Nearer than this to the picture plane a corner has no place in the picture. */
const MIN_DEPTH_M = 0.5;

/**
 * Writes the part of the picture that a box covers, as (x1, y1, x2, y2) in pixels, from `at` on.
 * @returns false, with nothing written, when a corner is not in front of the camera or all of them are beside the picture
 */
export function projectBox(
	camera: Pinhole,
	box: StandingBox,
	into: Float32Array,
	at: number,
): boolean {
	const m = camera.mount;
	const cos = Math.cos(box.yawRad);
	const sin = Math.sin(box.yawRad);
	let x1 = Number.POSITIVE_INFINITY;
	let y1 = Number.POSITIVE_INFINITY;
	let x2 = Number.NEGATIVE_INFINITY;
	let y2 = Number.NEGATIVE_INFINITY;
	for (let corner = 0; corner < 8; corner++) {
		const along = (corner & 1 ? 0.5 : -0.5) * box.lengthM;
		const across = (corner & 2 ? 0.5 : -0.5) * box.widthM;
		// From the camera, along the vehicle's axes.
		const dx = box.xM + cos * along - sin * across - m[3]!;
		const dy = box.yM + sin * along + cos * across - m[7]!;
		const dz = (corner & 4 ? box.heightM : 0) - m[11]!;
		const depthM = m[2]! * dx + m[6]! * dy + m[10]! * dz;
		// NaN compares false: what has no place is not seen.
		if (!(depthM > MIN_DEPTH_M)) return false;
		const right = m[0]! * dx + m[4]! * dy + m[8]! * dz;
		const down = m[1]! * dx + m[5]! * dy + m[9]! * dz;
		const x = camera.centreXPx + (camera.focalXPx * right) / depthM;
		const y = camera.centreYPx + (camera.focalYPx * down) / depthM;
		x1 = Math.min(x1, x);
		y1 = Math.min(y1, y);
		x2 = Math.max(x2, x);
		y2 = Math.max(y2, y);
	}
	x1 = Math.max(0, x1);
	y1 = Math.max(0, y1);
	x2 = Math.min(camera.widthPx, x2);
	y2 = Math.min(camera.heightPx, y2);
	if (!(x1 < x2 && y1 < y2)) return false;
	into[at] = x1;
	into[at + 1] = y1;
	into[at + 2] = x2;
	into[at + 3] = y2;
	return true;
}
