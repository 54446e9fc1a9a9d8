// Walking: along a pavement, or across the street when nobody drives there. Who comes walking does not wait for the
// vehicle: that is its job. Who has stopped at the edge looks before he steps out.
import type { Agent, CrossingMotion } from "./agent.ts";
import type { VehicleInStreet } from "./rectangles.ts";
import { STREET } from "./road.ts";

/** Where the carriageway is entered, a step before the lane. */
const EDGE_M = STREET.laneWidthM + 0.5;
/** Time kept between leaving the carriageway and the next vehicle. */
const SPARE_S = 1.5;
const BODY_M = 0.8;
/** What one who waits gives the vehicle to stop. */
const REACTION_S = 1;
const EFFORTLESS_MPS2 = 3;

/** Speed of one who crosses, at this instant. */
export function crossingSpeedMps(
	motion: CrossingMotion,
	agents: readonly Agent[],
	instant: {
		readonly timeS: number;
		readonly stepS: number;
		readonly vehicle: VehicleInStreet | null;
	},
): number {
	const { timeS, stepS, vehicle } = instant;
	if (timeS < motion.startsAtS) return 0;
	const leftM = Math.abs(motion.toOffsetM - motion.offsetM);
	if (leftM < 0.05) return 0;
	const towards = Math.sign(motion.toOffsetM - motion.offsetM);
	const nextM = motion.offsetM + towards * motion.wishMps * stepS;
	const isEntering =
		Math.abs(nextM) <= EDGE_M && Math.abs(motion.offsetM) > EDGE_M;
	const hasStopped = motion.speedMps === 0;
	if (isEntering && !isFree(motion, agents)) return 0;
	if (isEntering && hasStopped && isComing(motion, vehicle)) return 0;
	return Math.min(motion.wishMps, leftM / stepS);
}

/** The vehicle is too near to stop without effort. */
function isComing(
	motion: CrossingMotion,
	vehicle: VehicleInStreet | null,
): boolean {
	if (vehicle === null) return false;
	const { alongM, speedMps, footprint } = vehicle;
	const aheadM = motion.alongM - alongM;
	const stopM =
		speedMps * REACTION_S + (speedMps * speedMps) / (2 * EFFORTLESS_MPS2);
	return aheadM > -footprint.lengthM && aheadM - footprint.lengthM < stopM;
}

/** Nobody who drives comes by while it takes to cross. */
function isFree(motion: CrossingMotion, agents: readonly Agent[]): boolean {
	const neededS = (2 * EDGE_M) / motion.wishMps + SPARE_S;
	for (const { motion: theirs, shape } of agents) {
		if (theirs.kind !== "lane") continue;
		const aheadM = (motion.alongM - theirs.alongM) * theirs.direction;
		const behindM = -shape.lengthM / 2 - BODY_M;
		if (aheadM < behindM) continue;
		if (aheadM - shape.lengthM / 2 - BODY_M < theirs.speedMps * neededS)
			return false;
		// One that stands may start: never close in front of it.
		if (aheadM < shape.lengthM / 2 + 3) return false;
	}
	return true;
}
