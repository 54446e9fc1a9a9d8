// A street that fills: whoever would stand in another's place is not let in.
import { type Agent, createAgent, type Motion, placeAgent } from "./agent.ts";
import { footprintsOverlap } from "./rectangles.ts";
import type { Road } from "./road.ts";
import type { Shape } from "./shapes.ts";

const ROOM_M = 0.35;

/** A list of agents that takes in whoever finds room. */
export interface Street {
	readonly road: Road;
	readonly agents: Agent[];
	/** @returns whether there was room. */
	add(shape: Shape, motion: Motion): boolean;
	/** Something that never moves. `turnRad` is from the road's direction. */
	addStill(
		shape: Shape,
		place: {
			readonly alongM: number;
			readonly offsetM: number;
			readonly turnRad?: number;
		},
	): boolean;
}

export function createStreet(road: Road): Street {
	const agents: Agent[] = [];
	const accept = (agent: Agent): boolean => {
		for (const other of agents)
			if (footprintsOverlap(agent.footprint, other.footprint, ROOM_M))
				return false;
		agents.push(agent);
		return true;
	};
	return {
		road,
		agents,
		add: (shape, motion) => {
			const agent = createAgent(agents.length, shape, motion);
			placeAgent(agent, road);
			return accept(agent);
		},
		addStill: (shape, { alongM, offsetM, turnRad = 0 }) => {
			const agent = createAgent(agents.length, shape, { kind: "still" });
			road.poseAt(alongM, offsetM, agent.pose);
			agent.pose.yawRad += turnRad;
			return accept(agent);
		},
	};
}
