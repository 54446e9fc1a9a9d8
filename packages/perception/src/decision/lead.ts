// The one ahead that limits the vehicle's speed most: to its own, and what corrects the gap (constant time headway).
import type { ResolvedDecisionOptions } from "./decision-options.ts";
import type { Encounter } from "./encounter.ts";

export interface Lead {
	trackId: number;
	gapM: number;
	contactS: number;
	/** Infinity: there is none. */
	limitMps: number;
}

export function createLead(): Lead {
	return { trackId: 0, gapM: 0, contactS: 0, limitMps: 0 };
}

export function forgetLead(lead: Lead): void {
	lead.limitMps = Number.POSITIVE_INFINITY;
}

/** Takes the track for the lead if it is ahead in the path and limits the speed more than the one before. */
export function follow(
	met: Encounter,
	{ standoffM, headwayS, followS }: ResolvedDecisionOptions,
	lead: Lead,
): void {
	if (met.isBeside || !met.isInPath) return;
	const wishedM = standoffM + headwayS * met.speedMps;
	const correctionMps = (met.gapM - wishedM) / followS;
	const limitMps = Math.max(0, met.speedMps + correctionMps);
	if (!(limitMps < lead.limitMps)) return;
	lead.trackId = met.trackId;
	lead.gapM = met.gapM;
	lead.contactS = met.contactS;
	lead.limitMps = limitMps;
}
