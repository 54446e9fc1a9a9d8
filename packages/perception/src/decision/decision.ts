// What a decision is: a command, why, and the numbers behind it.

/**
 * From the mildest to the hardest, for what is seen; `degrade` is for not seeing.
 * - `keep`: nothing is in the way, or at a distance that the target speed keeps
 * - `slow`: ease off with at most the comfortable deceleration
 * - `degrade`: what is known is too old to go on as before, so go on slowly
 * - `brake`: as hard as needed
 */
export type DriveCommand = "keep" | "slow" | "degrade" | "brake";

/**
 * - `clear`: no track meets the path within the horizon
 * - `following`: the speed is limited by one ahead
 * - `closing`: the path is shared and the gap closes
 * - `crossing`: a track that is not in the path yet will be in it at the same time
 * - `too-near`: the gap is less than the headway, though it does not close
 * - `touching`: a track lies where the vehicle is
 * - `holding`: the cause is gone for less than the hold time
 * - `stale-perception`: what is known is older than allowed
 * - `invalid-state`: speed, pose or age is not a number
 */
export type DriveReason =
	| "clear"
	| "following"
	| "closing"
	| "crossing"
	| "too-near"
	| "touching"
	| "holding"
	| "stale-perception"
	| "invalid-state";

/** The caller makes one and gives it again: it holds what the policy has to remember. */
export interface DriveDecision {
	command: DriveCommand;
	reason: DriveReason;
	/** What to do now, 0 or less. */
	accelerationMps2: number;
	/** Not to be exceeded, and the end of the deceleration; Infinity for no limit. */
	targetSpeedMps: number;
	/** The track that is the reason; 0: none. */
	trackId: number;
	/** Until it is met, if nobody does anything; Infinity: never. */
	timeToCollisionS: number;
	/** Along the path from bumper to bumper. */
	gapM: number;
	/** Deceleration that just avoids it. */
	requiredMps2: number;
	/** The same, if nothing is done until the next decision. */
	requiredNextMps2: number;
	/** Since when each decision has asked for half of that and more; Infinity: nothing is asked for. */
	pressingSinceS: number;
	/** When the last cause for this command was seen. */
	causedAtS: number;
}

export function createDriveDecision(): DriveDecision {
	return {
		command: "keep",
		reason: "clear",
		accelerationMps2: 0,
		targetSpeedMps: Number.POSITIVE_INFINITY,
		trackId: 0,
		timeToCollisionS: Number.POSITIVE_INFINITY,
		gapM: Number.POSITIVE_INFINITY,
		requiredMps2: 0,
		requiredNextMps2: 0,
		pressingSinceS: Number.POSITIVE_INFINITY,
		causedAtS: Number.NEGATIVE_INFINITY,
	};
}

/** As it was made, but for when the last cause was seen. */
export function clearDecision(decision: DriveDecision): void {
	decision.command = "keep";
	decision.reason = "clear";
	decision.accelerationMps2 = 0;
	decision.targetSpeedMps = Number.POSITIVE_INFINITY;
	decision.trackId = 0;
	decision.timeToCollisionS = Number.POSITIVE_INFINITY;
	decision.gapM = Number.POSITIVE_INFINITY;
	decision.requiredMps2 = 0;
	decision.requiredNextMps2 = 0;
	decision.pressingSinceS = Number.POSITIVE_INFINITY;
}

export function copyDecision(
	from: Readonly<DriveDecision>,
	into: DriveDecision,
): void {
	into.command = from.command;
	into.reason = from.reason;
	into.accelerationMps2 = from.accelerationMps2;
	into.targetSpeedMps = from.targetSpeedMps;
	into.trackId = from.trackId;
	into.timeToCollisionS = from.timeToCollisionS;
	into.gapM = from.gapM;
	into.requiredMps2 = from.requiredMps2;
	into.requiredNextMps2 = from.requiredNextMps2;
	into.pressingSinceS = from.pressingSinceS;
	into.causedAtS = from.causedAtS;
}
