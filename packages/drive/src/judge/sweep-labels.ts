// What a perfect detector would say about a sweep: each object where the rays met it. They pass it at one instant of the
// turn, at which a moving object is not where it is at the others.

import type { Simulation } from "../simulation.ts";
import { OBJECT_CLASSES } from "../world/shapes.ts";

/** In the vehicle's frame at the instant that the sweep is told for. */
export interface LabelledBox {
	/** Index in `OBJECT_CLASSES`. */
	readonly classId: number;
	readonly agentIndex: number;
	readonly xM: number;
	readonly yM: number;
	readonly lengthM: number;
	readonly widthM: number;
	readonly yawRad: number;
	/** Of the sweep, on this object. */
	readonly pointCount: number;
}

const RANGE_M = 75;

/** @param referenceS from the beginning of the sweep that has just ended. */
export function labelSweep(
	{ world, vehicle, lidar }: Simulation,
	referenceS: number,
): LabelledBox[] {
	const { periodS } = lidar.options;
	const cos = Math.cos(vehicle.pose.yawRad);
	const sin = Math.sin(vehicle.pose.yawRad);
	const backS = periodS - referenceS;
	const turnRad = vehicle.yawRateRadps * backS;
	const cosTurn = Math.cos(turnRad);
	const sinTurn = Math.sin(turnRad);
	const stepM = vehicle.speedMps * backS;
	const labels: LabelledBox[] = [];
	for (const agent of world.agents) {
		const { kind, lengthM, widthM } = agent.shape;
		if (kind === "clutter") continue;
		const dx = agent.pose.xM - vehicle.pose.xM;
		const dy = agent.pose.yM - vehicle.pose.yM;
		if (dx * dx + dy * dy > RANGE_M * RANGE_M) continue;
		const azimuth = Math.atan2(cos * dy - sin * dx, cos * dx + sin * dy);
		// From the end of the sweep: the turn is clockwise from straight behind.
		const seenS = (periodS * (Math.PI - azimuth)) / (2 * Math.PI) - periodS;
		const seenX = dx + seenS * agent.velocityXMps;
		const seenY = dy + seenS * agent.velocityYMps;
		const ahead = cos * seenX + sin * seenY;
		const left = cos * seenY - sin * seenX;
		labels.push({
			classId: OBJECT_CLASSES.indexOf(kind),
			agentIndex: agent.index,
			xM: cosTurn * ahead - sinTurn * left + stepM * Math.cos(turnRad / 2),
			yM: sinTurn * ahead + cosTurn * left + stepM * Math.sin(turnRad / 2),
			lengthM,
			widthM,
			yawRad: agent.pose.yawRad - vehicle.pose.yawRad + turnRad,
			pointCount: lidar.hitCounts[agent.index]!,
		});
	}
	return labels;
}
