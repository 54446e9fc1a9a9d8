import { SaccadeError } from "../errors/saccade-error.ts";
import type { SlotPool } from "../tensor/slot-pool.ts";

/** What every transport says when the limit on bytes of request bodies is reached. */
export function noMemory(pool: SlotPool): SaccadeError {
	return new SaccadeError(
		"QUEUE_FULL",
		`memory for request bodies is used up (${pool.leasedBytes} of ${pool.limitBytes} bytes); retry later`,
		{ refusedBecause: "queue-full" },
	);
}
