import type { Hazard } from "./hazard.ts";

/** So much faster than the vehicle, one ahead of it opens the gap by itself. */
const OPENING_MPS = 0.5;

/** The gap to one ahead is less than the headway, though it may not close. */
export const tooNear: Hazard = (met, options, demand) => {
	const { standoffM, headwayS, slowMps2 } = options;
	if (met.isBeside || !met.isInPath) return null;
	const nearM = Math.max(headwayS * met.egoSpeedMps, standoffM);
	if (met.gapM >= nearM || met.closingMps <= -OPENING_MPS) return null;
	demand.requiredMps2 = slowMps2;
	demand.requiredNextMps2 = slowMps2;
	demand.targetSpeedMps = met.speedMps;
	return "too-near";
};
