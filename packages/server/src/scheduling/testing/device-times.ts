// Devices that are known by what a batch takes them.
import type { BatchTimes } from "../cost/cost-model.ts";

/** A device on which a batch of any size takes `us`, and of which batches of `rows` are worth while. */
export function times(us: number, rows = 8, idleUs = 0): BatchTimes {
	return {
		safeUs: () => us,
		likelyUs: () => us,
		efficientRows: rows,
		idleUs: () => idleUs,
		doubt: () => {},
		isDoubted: false,
	};
}

export const FAST = times(20_000);
export const SLOW = times(50_000);
