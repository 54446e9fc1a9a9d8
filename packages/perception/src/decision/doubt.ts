// How far the estimated velocity of a track is believed.
import type { ResolvedDecisionOptions } from "./decision-options.ts";

/** What is new seems to move in any way, at first: that is no lag. */
const SETTLED_MPS = 1;

/** One ahead that brakes is seen to do so late: by so much it may be slower than it seems. */
export function possibleLagMps(
	velocityDeviationMps: number,
	{ doubtDeviations }: ResolvedDecisionOptions,
): number {
	return velocityDeviationMps < SETTLED_MPS
		? doubtDeviations * velocityDeviationMps
		: 0;
}

/** Of the velocity across the path: the faster one moves, the more of it an error of its direction is. */
export function acrossDeviationMps(
	velocityDeviationMps: number,
	speedMps: number,
	{ courseDeviationRad }: ResolvedDecisionOptions,
): number {
	return Math.hypot(velocityDeviationMps, courseDeviationRad * speedMps);
}

/** The velocity, nearer to 0 by the doubt about it. */
export function believedMps(
	velocityMps: number,
	deviationMps: number,
	{ doubtDeviations }: ResolvedDecisionOptions,
): number {
	const leftMps = Math.abs(velocityMps) - doubtDeviations * deviationMps;
	return Math.sign(velocityMps) * Math.max(0, leftMps);
}

export function isCertain(
	velocityMps: number,
	deviationMps: number,
	{ certainDeviations }: ResolvedDecisionOptions,
): boolean {
	return Math.abs(velocityMps) > certainDeviations * deviationMps;
}
