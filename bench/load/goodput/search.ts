// The capacity to take loads from: doubles the rate until answers within the deadline no longer keep up, then looks
// around it with both policies. Short, because only the offered rates hang on it: what goodput is compared with is
// measured again in each round.

/** One window at an offered rate. */
export type Probe = (ratePerSecond: number) => Promise<ProbeResult>;

export interface ProbeResult {
	/** Answers within the deadline. */
	readonly goodputPerSecond: number;
	/** Of what arrived: unlike a rate, it does not depend on how many happened to. */
	readonly shareInTime: number;
}

const START_PER_SECOND = 40;
const KEEPS_UP_FROM = 0.95;
const AROUND = [0.85, 1, 1.2];

/** @param probes one per policy; the first finds the order of magnitude @param fromPerSecond the first rate, below it */
export async function findCapacity(
	probes: readonly [Probe, ...Probe[]],
	fromPerSecond: number = START_PER_SECOND,
): Promise<number> {
	const [first] = probes;
	let reached = 0;
	for (let rate = fromPerSecond; ; rate *= 2) {
		const once = await first(rate);
		// A pause of the machine must not end the search.
		const probe =
			once.shareInTime < KEEPS_UP_FROM ? better(once, await first(rate)) : once;
		reached = Math.max(reached, probe.goodputPerSecond);
		if (probe.shareInTime < KEEPS_UP_FROM) break;
	}
	let capacity = 0;
	for (const share of AROUND)
		for (const probe of probes) {
			const { goodputPerSecond } = await probe(reached * share);
			capacity = Math.max(capacity, goodputPerSecond);
		}
	if (capacity === 0) throw new Error("nothing was answered in time");
	return capacity;
}

function better(a: ProbeResult, b: ProbeResult): ProbeResult {
	return a.shareInTime > b.shareInTime ? a : b;
}
