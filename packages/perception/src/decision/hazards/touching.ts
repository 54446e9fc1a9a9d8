import type { Hazard } from "./hazard.ts";

/** A track lies where the vehicle is. */
export const touching: Hazard = (met, { maxBrakeMps2 }, demand) => {
	if (!met.isBeside || !met.isInOwnWidth) return null;
	demand.requiredMps2 = maxBrakeMps2;
	demand.requiredNextMps2 = maxBrakeMps2;
	demand.targetSpeedMps = met.speedMps;
	return "touching";
};
