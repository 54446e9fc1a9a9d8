// Small worlds for tests: a straight road along x, clear air, and what the test puts there.
import { Random } from "../random.ts";
import type { SensorMotion } from "../sensors/sensor-motion.ts";
import { type Agent, createAgent } from "../world/agent.ts";
import { Road } from "../world/road.ts";
import type { AgentKind } from "../world/shapes.ts";
import { World } from "../world/world.ts";

export interface Block {
	readonly xM: number;
	readonly yM: number;
	readonly yawRad?: number;
	readonly lengthM: number;
	readonly widthM: number;
	readonly bottomM?: number;
	readonly topM: number;
	readonly kind?: AgentKind;
	readonly velocityXMps?: number;
	readonly velocityYMps?: number;
}

function blockAgent(block: Block, index: number): Agent {
	const { lengthM, widthM, topM, bottomM = 0, kind = "clutter" } = block;
	const agent = createAgent(
		index,
		{
			kind,
			lengthM,
			widthM,
			heightM: topM,
			parts: [
				{
					aheadM: 0,
					lengthM,
					widthM,
					bottomM,
					topM,
					colour: [200, 40, 40],
					reflectivity: 0.5,
				},
			],
		},
		{ kind: "still" },
	);
	agent.pose.xM = block.xM;
	agent.pose.yM = block.yM;
	agent.pose.yawRad = block.yawRad ?? 0;
	agent.velocityXMps = block.velocityXMps ?? 0;
	agent.velocityYMps = block.velocityYMps ?? 0;
	return agent;
}

export function clearWorld(...blocks: readonly Block[]): World {
	return new World({
		road: straightRoad(),
		agents: blocks.map(blockAgent),
		weather: {
			lossPer50M: 0,
			clutterShare: 0,
			hazeM: 1e6,
			light: 1,
			cameraNoise: 0,
		},
		cruiseMps: 12,
	});
}

/** A road is straight beyond its ends, and this one has hardly anything between them. */
export function straightRoad(): Road {
	return new Road(new Random(1), 0, 1);
}

export const STILL: SensorMotion = {
	xM: 0,
	yM: 0,
	yawRad: 0,
	heightM: 1.8,
	aheadMps: 0,
	leftMps: 0,
	yawRateRadps: 0,
	groundSlopeX: 0,
	groundSlopeY: 0,
};
