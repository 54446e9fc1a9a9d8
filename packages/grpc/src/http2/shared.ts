// What all parts of a connection look at.
import type { ByteBudget } from "../byte-budget.ts";
import { FloodGuard } from "./flood-guard.ts";
import type { ConnectionLimits } from "./limits.ts";
import { StreamTable } from "./stream-table.ts";

export interface Shared {
	readonly limits: ConnectionLimits;
	readonly streams: StreamTable;
	readonly floods: FloodGuard;
	/** Of all connections together. */
	readonly budget: ByteBudget;
}

export function createShared(
	limits: ConnectionLimits,
	nowUs: () => number,
	budget: ByteBudget,
): Shared {
	return {
		limits,
		streams: new StreamTable(limits.maxConcurrentStreams),
		floods: new FloodGuard(limits, nowUs),
		budget,
	};
}
