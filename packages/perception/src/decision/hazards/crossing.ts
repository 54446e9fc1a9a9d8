import { standAtContact, stopBefore } from "./braking.ts";
import type { Hazard } from "./hazard.ts";

/** A track ahead that is not in the path yet will be in it when the vehicle is there. */
export const crossing: Hazard = (met, options, demand) => {
	if (met.isBeside || met.isInPath) return null;
	if (met.contactS > options.horizonS) return null;
	stopBefore(met, options, demand);
	// Who crosses so near that nobody stops before him will come at the side.
	if (demand.requiredMps2 >= options.maxBrakeMps2)
		standAtContact(met, options, demand);
	return "crossing";
};
