// Everything that stands or moves in the street, and how it is told to move.
import { createPose, type Pose } from "./pose.ts";
import type { Footprint } from "./rectangles.ts";
import type { Road } from "./road.ts";
import type { Shape } from "./shapes.ts";

/** In the place along the road and to the left of its line. */
interface RoadPlace {
	alongM: number;
	offsetM: number;
}

/** Follows its lane and whoever is ahead in it. */
export interface LaneMotion extends RoadPlace {
	readonly kind: "lane";
	/** 1: the way the vehicle goes. −1: against it. */
	readonly direction: 1 | -1;
	readonly wishMps: number;
	speedMps: number;
	/** Stands from the first instant to the second, whatever is ahead: a delivery, a light, a driver who lets somebody in. */
	readonly stopsFromS: number;
	readonly stopsUntilS: number;
	/** How hard it brakes for that. */
	readonly stopMps2: number;
}

/** Walks along the pavement. */
interface PavementMotion extends RoadPlace {
	readonly kind: "pavement";
	readonly direction: 1 | -1;
	readonly wishMps: number;
	speedMps: number;
}

/** Walks straight towards the other side of the street, or only to the kerb; lets traffic pass, the vehicle excepted. */
export interface CrossingMotion extends RoadPlace {
	readonly kind: "crossing";
	readonly toOffsetM: number;
	readonly wishMps: number;
	readonly startsAtS: number;
	speedMps: number;
}

export type Motion =
	| { readonly kind: "still" }
	| LaneMotion
	| PavementMotion
	| CrossingMotion;

export interface Agent {
	/** Its place in the world's list. */
	readonly index: number;
	readonly shape: Shape;
	readonly motion: Motion;
	/** Of its centre, on the ground. */
	readonly pose: Pose;
	readonly footprint: Footprint;
	velocityXMps: number;
	velocityYMps: number;
}

export function createAgent(
	index: number,
	shape: Shape,
	motion: Motion,
): Agent {
	const pose = createPose();
	return {
		index,
		shape,
		motion,
		pose,
		footprint: { pose, lengthM: shape.lengthM, widthM: shape.widthM },
		velocityXMps: 0,
		velocityYMps: 0,
	};
}

/** Brings pose and velocity up to what the motion says. */
export function placeAgent(agent: Agent, road: Road): void {
	const { motion, pose } = agent;
	if (motion.kind === "still") return;
	road.poseAt(motion.alongM, motion.offsetM, pose);
	if (motion.kind === "crossing")
		pose.yawRad += (motion.toOffsetM > motion.offsetM ? 0.5 : -0.5) * Math.PI;
	else if (motion.direction < 0) pose.yawRad += Math.PI;
	agent.velocityXMps = motion.speedMps * Math.cos(pose.yawRad);
	agent.velocityYMps = motion.speedMps * Math.sin(pose.yawRad);
}
