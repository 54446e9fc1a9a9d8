// From a command to an acceleration, as the vehicle's own controller does it.
import type { DriveDecision } from "@saccade/perception";

const COMFORT_MPS2 = 1.5;
/** How fast a difference in speed is made good, in 1/s. */
const GAIN_PER_S = 2;

/** What of a decision the vehicle needs. */
export type SpeedCommand = Pick<
	DriveDecision,
	"command" | "accelerationMps2" | "targetSpeedMps"
>;

/** The wished acceleration: towards the cruising speed, or what the command asks for, whichever is less. */
export function obey(
	command: SpeedCommand,
	speedMps: number,
	cruiseMps: number,
): number {
	const wishedMps = Math.min(cruiseMps, command.targetSpeedMps);
	const towards = Math.max(
		-COMFORT_MPS2,
		Math.min(COMFORT_MPS2, GAIN_PER_S * (wishedMps - speedMps)),
	);
	const isOrdered = command.command !== "keep" && speedMps > wishedMps;
	return isOrdered ? Math.min(towards, command.accelerationMps2) : towards;
}
