import type { Simulation } from "../simulation.ts";
import { footprintsOverlap } from "../world/rectangles.ts";
import type { AgentKind } from "../world/shapes.ts";

/** Slower than this nobody is hit: he has walked into a vehicle that stands. */
const STANDING_MPS = 0.1;

export interface Collision {
	readonly timeS: number;
	readonly agentIndex: number;
	readonly kind: AgentKind;
	readonly speedMps: number;
}

/** Whom the vehicle touches while it moves. */
export function findCollision({
	world,
	vehicle,
	timeS,
}: Simulation): Collision | null {
	if (vehicle.speedMps < STANDING_MPS) return null;
	for (const agent of world.agents)
		if (footprintsOverlap(agent.footprint, vehicle.footprint))
			return {
				timeS,
				agentIndex: agent.index,
				kind: agent.shape.kind,
				speedMps: vehicle.speedMps,
			};
	return null;
}
