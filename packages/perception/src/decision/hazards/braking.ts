// Two ways out: to stop, or to be as slow, before who is ahead; or to stand when somebody comes from the side.
import type { ResolvedDecisionOptions } from "../decision-options.ts";
import type { Encounter } from "../encounter.ts";
import type { Demand } from "./hazard.ts";

/** Less left to stop in than this is nothing left, but nothing divides by 0. */
const MIN_LEFT_M = 0.1;
const MIN_LEFT_S = 0.1;

export function stopBefore(
	{ gapM, closingMps, speedMps }: Encounter,
	options: ResolvedDecisionOptions,
	demand: Demand,
): void {
	const nextGapM = gapM - Math.max(0, closingMps) * options.periodS;
	demand.requiredMps2 = overGapMps2(gapM, closingMps, options);
	demand.requiredNextMps2 = overGapMps2(nextGapM, closingMps, options);
	demand.targetSpeedMps = speedMps;
}

/** Fills the decelerations of `demand` alone. */
export function standAtContact(
	{ contactS, egoSpeedMps }: Encounter,
	options: ResolvedDecisionOptions,
	demand: Demand,
): void {
	const leftS = contactS - options.reactionS;
	demand.requiredMps2 = withinMps2(leftS, egoSpeedMps, options);
	demand.requiredNextMps2 = withinMps2(
		leftS - options.periodS,
		egoSpeedMps,
		options,
	);
}

/** Deceleration after the reaction time that leaves the standoff, or half the gap where that is less. */
function overGapMps2(
	gapM: number,
	closingMps: number,
	{ standoffM, reactionS, maxBrakeMps2 }: ResolvedDecisionOptions,
): number {
	const leftM =
		gapM - Math.min(standoffM, gapM / 2) - Math.max(0, closingMps) * reactionS;
	const required =
		(closingMps * closingMps) / (2 * Math.max(leftM, MIN_LEFT_M));
	return Math.min(required, maxBrakeMps2);
}

function withinMps2(
	leftS: number,
	speedMps: number,
	{ maxBrakeMps2 }: ResolvedDecisionOptions,
): number {
	return Math.min(speedMps / Math.max(leftS, MIN_LEFT_S), maxBrakeMps2);
}
