// The world as a sensor's rays meet it: upright boxes as a struct of arrays, in a frame that stands still while the
// sensor sweeps. Rays go in columns: all of one column share their direction on the ground, so that one slab test in
// plan view serves every ring or row of it. https://doi.org/10.1145/15886.15916
import type { World } from "../world/world.ts";

export interface RayBoxes {
	count: number;
	readonly xM: Float64Array;
	readonly yM: Float64Array;
	readonly cos: Float64Array;
	readonly sin: Float64Array;
	readonly halfLengthM: Float64Array;
	readonly halfWidthM: Float64Array;
	/** Over the ground where the box stands. */
	readonly bottomM: Float64Array;
	readonly topM: Float64Array;
	readonly velocityXMps: Float64Array;
	readonly velocityYMps: Float64Array;
	readonly reflectivity: Float32Array;
	/** 0 … 255, three numbers each. */
	readonly rgb: Float32Array;
	/** Index of the agent in the world. */
	readonly owners: Int32Array;
}

function createRayBoxes(capacity: number): RayBoxes {
	return {
		count: 0,
		xM: new Float64Array(capacity),
		yM: new Float64Array(capacity),
		cos: new Float64Array(capacity),
		sin: new Float64Array(capacity),
		halfLengthM: new Float64Array(capacity),
		halfWidthM: new Float64Array(capacity),
		bottomM: new Float64Array(capacity),
		topM: new Float64Array(capacity),
		velocityXMps: new Float64Array(capacity),
		velocityYMps: new Float64Array(capacity),
		reflectivity: new Float32Array(capacity),
		rgb: new Float32Array(3 * capacity),
		owners: new Int32Array(capacity),
	};
}

/** For worlds whose number of agents stays as it is. */
export function rayBoxesFor(world: World): RayBoxes {
	let count = 0;
	for (const { shape } of world.agents) count += shape.parts.length;
	return createRayBoxes(count);
}

/** Origin and direction of the frame, in the world. */
export interface RayFrame {
	readonly xM: number;
	readonly yM: number;
	readonly yawRad: number;
}

/** Replaces `into` with the boxes of all agents within `rangeM` of the frame. Allocates nothing. */
export function gatherBoxes(
	world: World,
	frame: RayFrame,
	rangeM: number,
	into: RayBoxes,
): void {
	const cosF = Math.cos(frame.yawRad);
	const sinF = Math.sin(frame.yawRad);
	into.count = 0;
	for (const agent of world.agents) {
		const dx = agent.pose.xM - frame.xM;
		const dy = agent.pose.yM - frame.yM;
		const reachM = rangeM + agent.shape.lengthM;
		if (dx * dx + dy * dy > reachM * reachM) continue;
		const yaw = agent.pose.yawRad - frame.yawRad;
		const cos = Math.cos(yaw);
		const sin = Math.sin(yaw);
		const x = cosF * dx + sinF * dy;
		const y = cosF * dy - sinF * dx;
		for (const part of agent.shape.parts) {
			const at = into.count++;
			into.xM[at] = x + cos * part.aheadM;
			into.yM[at] = y + sin * part.aheadM;
			into.cos[at] = cos;
			into.sin[at] = sin;
			into.halfLengthM[at] = part.lengthM / 2;
			into.halfWidthM[at] = part.widthM / 2;
			into.bottomM[at] = part.bottomM;
			into.topM[at] = part.topM;
			into.velocityXMps[at] =
				cosF * agent.velocityXMps + sinF * agent.velocityYMps;
			into.velocityYMps[at] =
				cosF * agent.velocityYMps - sinF * agent.velocityXMps;
			into.reflectivity[at] = part.reflectivity;
			into.rgb[3 * at] = part.colour[0];
			into.rgb[3 * at + 1] = part.colour[1];
			into.rgb[3 * at + 2] = part.colour[2];
			into.owners[at] = agent.index;
		}
	}
}

/** Where a column of rays is inside a box in plan view, as distances along it. */
export interface PlanHit {
	nearM: number;
	farM: number;
	/** Cosine between the ray and the normal of the side that it meets first. */
	incidence: number;
}

/** From the origin (x, y) towards (dx, dy), of length 1, `timeS` after the boxes were gathered. Allocates nothing. */
export function meetsBox(
	boxes: RayBoxes,
	i: number,
	ray: {
		readonly xM: number;
		readonly yM: number;
		readonly dx: number;
		readonly dy: number;
		readonly timeS: number;
	},
	hit: PlanHit,
): boolean {
	const cos = boxes.cos[i]!;
	const sin = boxes.sin[i]!;
	const x = boxes.xM[i]! + ray.timeS * boxes.velocityXMps[i]! - ray.xM;
	const y = boxes.yM[i]! + ray.timeS * boxes.velocityYMps[i]! - ray.yM;
	// The centre and the ray in the axes of the box.
	const along = cos * x + sin * y;
	const across = cos * y - sin * x;
	const dAlong = cos * ray.dx + sin * ray.dy;
	const dAcross = cos * ray.dy - sin * ray.dx;
	const halfLength = boxes.halfLengthM[i]!;
	const halfWidth = boxes.halfWidthM[i]!;
	// A ray along a side divides by zero: the infinities compare as they should.
	const perAlong = 1 / dAlong;
	const perAcross = 1 / dAcross;
	const alongA = (along - halfLength) * perAlong;
	const alongB = (along + halfLength) * perAlong;
	const acrossA = (across - halfWidth) * perAcross;
	const acrossB = (across + halfWidth) * perAcross;
	const nearAlong = Math.min(alongA, alongB);
	const farAlong = Math.max(alongA, alongB);
	const nearAcross = Math.min(acrossA, acrossB);
	const farAcross = Math.max(acrossA, acrossB);
	const isAlong = nearAlong > nearAcross;
	const nearM = isAlong ? nearAlong : nearAcross;
	const farM = Math.min(farAlong, farAcross);
	if (!(nearM < farM && nearM > 0)) return false;
	hit.nearM = nearM;
	hit.farM = farM;
	hit.incidence = Math.abs(isAlong ? dAlong : dAcross);
	return true;
}
