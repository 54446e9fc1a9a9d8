// What a way of meeting asks of the vehicle. Each hazard is one file: a pure function of the encounter.
import type { DriveReason } from "../decision.ts";
import type { ResolvedDecisionOptions } from "../decision-options.ts";
import type { Encounter } from "../encounter.ts";

export interface Demand {
	/** Deceleration that just avoids it. */
	requiredMps2: number;
	/** The same, if nothing is done until the next decision. */
	requiredNextMps2: number;
	/** Where the deceleration may end. */
	targetSpeedMps: number;
}

/** Null: the encounter is none of this kind, and `demand` means nothing. Else `demand` is filled. */
export type Hazard = (
	met: Encounter,
	options: ResolvedDecisionOptions,
	demand: Demand,
) => DriveReason | null;

export function createDemand(): Demand {
	return { requiredMps2: 0, requiredNextMps2: 0, targetSpeedMps: 0 };
}
