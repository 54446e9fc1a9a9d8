import { standAtContact } from "./braking.ts";
import type { Hazard } from "./hazard.ts";

/** Who comes at the vehicle's side later than this has time to see it. */
const BESIDE_S = 1.5;

/** Somebody beside the vehicle comes at it: against that it helps to stand, if there is time to. */
export const sideImpact: Hazard = (met, options, demand) => {
	if (!met.isBeside || met.isInOwnWidth) return null;
	if (!met.isComing || met.contactS > BESIDE_S) return null;
	standAtContact(met, options, demand);
	demand.targetSpeedMps = 0;
	return "crossing";
};
