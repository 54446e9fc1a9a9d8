// What all parts of a connection look at.
import { FloodGuard } from "./flood-guard.ts";
import type { ConnectionLimits } from "./limits.ts";
import { StreamTable } from "./stream-table.ts";

export interface Shared {
	readonly limits: ConnectionLimits;
	readonly streams: StreamTable;
	readonly floods: FloodGuard;
}

export function createShared(
	limits: ConnectionLimits,
	nowUs: () => number,
): Shared {
	return {
		limits,
		streams: new StreamTable(limits.maxConcurrentStreams),
		floods: new FloodGuard(limits, nowUs),
	};
}
