// From what is required to a command. The ladder: brake, slow, or follow and keep; then hold on to what was harder,
// and degrade when what is known is old.
import {
	clearDecision,
	type DriveCommand,
	type DriveDecision,
	type DriveReason,
} from "./decision.ts";
import type { ResolvedDecisionOptions } from "./decision-options.ts";
import type { Encounter } from "./encounter.ts";
import type { Demand } from "./hazards/hazard.ts";
import type { Lead } from "./lead.ts";
import type { EgoState } from "./path-frame.ts";

const HARDNESS: Readonly<Record<DriveCommand, number>> = {
	keep: 0,
	slow: 1,
	degrade: 2,
	brake: 3,
};
/** Less than any clock of a sensor tells. */
const TINY_S = 1e-6;
/** Who hardly moves need not brake hard, whatever comes: nothing is to be gained by standing sooner than this. */
const SHORTEST_STOP_S = 0.3;
/** The brakes get a little more than what just avoids it, since nobody measures exactly. */
const BRAKE_RESERVE = 1.2;

/** Leaves in `decision` the hardest demand and whose it is. */
export function worsen(
	decision: DriveDecision,
	reason: DriveReason,
	met: Encounter,
	demand: Demand,
): void {
	if (!(demand.requiredMps2 > decision.requiredMps2)) return;
	decision.requiredMps2 = demand.requiredMps2;
	decision.requiredNextMps2 = demand.requiredNextMps2;
	decision.targetSpeedMps = demand.targetSpeedMps;
	blame(decision, reason, met);
}

/** Since when so much is required. */
export function press(
	decision: DriveDecision,
	before: DriveDecision,
	nowS: number,
): void {
	// A doubling is news, whatever was there before.
	const isNews = !(before.requiredMps2 >= decision.requiredMps2 / 2);
	decision.pressingSinceS = isNews
		? nowS
		: Math.min(before.pressingSinceS, nowS);
}

/** The command for what `decision` requires, and for the lead. */
export function command(
	decision: DriveDecision,
	lead: Lead,
	ego: EgoState,
	options: ResolvedDecisionOptions,
): void {
	const required = decision.requiredMps2;
	if (required >= options.brakeMps2) {
		decision.command = "brake";
		decision.accelerationMps2 = -Math.min(
			required * BRAKE_RESERVE,
			brakeLimitMps2(decision, ego.timeS, options),
			ego.speedMps / SHORTEST_STOP_S,
		);
	} else if (required >= options.slowMps2) {
		decision.command = "slow";
		decision.accelerationMps2 = -required;
	} else {
		clearDecision(decision);
		if (lead.limitMps < ego.speedMps) blame(decision, "following", lead);
		decision.targetSpeedMps = lead.limitMps;
		return;
	}
	decision.targetSpeedMps = Math.min(decision.targetSpeedMps, lead.limitMps);
	decision.causedAtS = ego.timeS;
}

/** Not all that the brakes give as long as the next decision is early enough for that. */
function brakeLimitMps2(
	decision: DriveDecision,
	nowS: number,
	{ firstS, firstBrakeMps2, maxBrakeMps2 }: ResolvedDecisionOptions,
): number {
	const pressingS = nowS - decision.pressingSinceS;
	const mayWait =
		pressingS < firstS - TINY_S && decision.requiredNextMps2 < maxBrakeMps2;
	return mayWait ? firstBrakeMps2 : maxBrakeMps2;
}

/** A harder command outlives its cause for a while. */
export function hold(
	decision: DriveDecision,
	before: DriveDecision,
	nowS: number,
	{ holdS }: ResolvedDecisionOptions,
): void {
	const isMilder = HARDNESS[decision.command] < HARDNESS[before.command];
	if (!isMilder || before.command === "degrade") return;
	if (!(nowS - before.causedAtS < holdS)) return;
	if (decision.command === "keep") decision.reason = "holding";
	decision.command = before.command;
	decision.accelerationMps2 = Math.min(
		decision.accelerationMps2,
		before.accelerationMps2,
	);
	decision.targetSpeedMps = Math.min(
		decision.targetSpeedMps,
		before.targetSpeedMps,
	);
	decision.causedAtS = before.causedAtS;
}

/** What is known is too old to go on as before. */
export function degrade(
	decision: DriveDecision,
	ego: EgoState,
	{ degradedSpeedMps, degradeMps2 }: ResolvedDecisionOptions,
): void {
	decision.command = "degrade";
	decision.reason = "stale-perception";
	decision.targetSpeedMps = Math.min(decision.targetSpeedMps, degradedSpeedMps);
	if (ego.speedMps > decision.targetSpeedMps)
		decision.accelerationMps2 = Math.min(
			decision.accelerationMps2,
			-degradeMps2,
		);
}

/** Nobody knows what is ahead. */
export function stop(
	decision: DriveDecision,
	reason: DriveReason,
	nowS: number,
	{ brakeMps2 }: ResolvedDecisionOptions,
): void {
	decision.command = "brake";
	decision.reason = reason;
	decision.accelerationMps2 = -brakeMps2;
	decision.targetSpeedMps = 0;
	decision.causedAtS = nowS;
}

function blame(
	decision: DriveDecision,
	reason: DriveReason,
	track: Pick<Encounter, "trackId" | "contactS" | "gapM">,
): void {
	decision.reason = reason;
	decision.trackId = track.trackId;
	decision.timeToCollisionS = track.contactS;
	decision.gapM = track.gapM;
}
