// A street goes with the clock. Where a machine cannot draw it in time, it stands still for as long as it is behind:
// readings that are late before they are sent would say nothing about the server, and would never catch up.

/** Less is a hiccup, and made up for. */
const MOST_BEHIND_MS = 250;

export class StreetTime {
	/** How long it has stood still, in ms. */
	pausedMs = 0;

	/**
	 * @param dueMs when the next step is due on the street
	 * @param passedMs since its start, on the clock
	 * @returns ms to wait for it
	 */
	untilDue(dueMs: number, passedMs: number): number {
		const waitMs = dueMs + this.pausedMs - passedMs;
		if (waitMs < -MOST_BEHIND_MS) this.pausedMs -= waitMs;
		return Math.max(0, waitMs);
	}
}
