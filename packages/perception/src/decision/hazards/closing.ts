import { stopBefore } from "./braking.ts";
import type { Hazard } from "./hazard.ts";

/** One ahead shares the path, and the gap closes. */
export const closing: Hazard = (met, options, demand) => {
	if (met.isBeside || !met.isInPath) return null;
	if (met.contactS > options.horizonS) return null;
	stopBefore(met, options, demand);
	return "closing";
};
