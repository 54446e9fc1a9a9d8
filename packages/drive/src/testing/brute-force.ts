// A ray against every box and the ground, one at a time and in three dimensions: slow, plain, and nothing in common with
// the columns of the sensors.
import type { World } from "../world/world.ts";

export interface Ray {
	readonly origin: readonly [number, number, number];
	/** Of length 1. */
	readonly direction: readonly [number, number, number];
	/** From the instant at which the world is. */
	readonly timeS: number;
}

export interface RayAnswer {
	/** Infinity: nothing. */
	readonly distanceM: number;
	/** −1: the ground, or nothing. */
	readonly agentIndex: number;
}

export function castRay(world: World, ray: Ray): RayAnswer {
	const [ox, oy, oz] = ray.origin;
	const [dx, dy, dz] = ray.direction;
	let distanceM = dz < 0 ? -oz / dz : Number.POSITIVE_INFINITY;
	let agentIndex = -1;
	for (const agent of world.agents)
		for (const part of agent.shape.parts) {
			const { xM, yM, yawRad } = agent.pose;
			const cos = Math.cos(yawRad);
			const sin = Math.sin(yawRad);
			const px = ox - (xM + ray.timeS * agent.velocityXMps);
			const py = oy - (yM + ray.timeS * agent.velocityYMps);
			const entry = enterBox(
				[cos * px + sin * py - part.aheadM, cos * py - sin * px, oz],
				[cos * dx + sin * dy, cos * dy - sin * dx, dz],
				[-part.lengthM / 2, -part.widthM / 2, part.bottomM],
				[part.lengthM / 2, part.widthM / 2, part.topM],
			);
			if (entry >= distanceM) continue;
			distanceM = entry;
			agentIndex = agent.index;
		}
	return { distanceM, agentIndex };
}

type Vector = readonly [number, number, number];

function enterBox(
	origin: Vector,
	direction: Vector,
	low: Vector,
	high: Vector,
): number {
	let near = 0;
	let far = Number.POSITIVE_INFINITY;
	for (let axis = 0; axis < 3; axis++) {
		const a = (low[axis]! - origin[axis]!) / direction[axis]!;
		const b = (high[axis]! - origin[axis]!) / direction[axis]!;
		near = Math.max(near, Math.min(a, b));
		far = Math.min(far, Math.max(a, b));
	}
	return near < far && near > 0 ? near : Number.POSITIVE_INFINITY;
}
