// When a measurement tells of the generator more than of the server. Pure.

export interface GeneratorFacts {
	/** CPU of the generator's process over the window, in cores; all of its work is done on one. */
	readonly clientCores: number;
	/** From the scheduled arrival to the hand-over for sending. */
	readonly latenessP99Us: number;
	readonly deadlineUs: number;
	/** Requests that were not sent because too many were outstanding. */
	readonly overCap: number;
}

const BUSY_FROM_CORES = 0.95;
/** Of a deadline. */
const LATE_SHARE = 0.1;
/** A timer of 1 ms on a machine that has other work: no sign of anything. */
const LATE_FROM_US = 5000;

/** Null when nothing speaks for it. */
export function bottleneckOf(facts: GeneratorFacts): string | null {
	const { clientCores, latenessP99Us, deadlineUs, overCap } = facts;
	const lateFromUs = Math.max(LATE_FROM_US, LATE_SHARE * deadlineUs);
	const reasons = [
		clientCores >= BUSY_FROM_CORES &&
			`it used ${clientCores.toFixed(2)} of the one core that it can use`,
		latenessP99Us > lateFromUs &&
			`one request in a hundred left ${(latenessP99Us / 1000).toFixed(1)} ms late or later`,
		overCap > 0 &&
			`${overCap} requests were not sent because too many were outstanding`,
	].filter((reason) => reason !== false);
	return reasons.length === 0 ? null : reasons.join("; ");
}
