// The highest rate that is still kept up with: up in steps until it is not, then halfway back, a few times.

export interface Knee {
	/** As it was offered, highest that kept up; 0: not even the first. */
	readonly perSecond: number;
}

/** One window at an offered rate. */
export type KneeProbe = (
	ratePerSecond: number,
) => Promise<{ readonly shareInTime: number }>;

const KEEPS_UP_FROM = 0.99;
const STEP = 1.4;
const HALVINGS = 2;

export async function findKnee(
	fromPerSecond: number,
	probe: KneeProbe,
): Promise<Knee> {
	// A pause of the machine must not end the search.
	const keepsUp = async (rate: number) =>
		(await probe(rate)).shareInTime >= KEEPS_UP_FROM ||
		(await probe(rate)).shareInTime >= KEEPS_UP_FROM;
	let reached = 0;
	let missed = fromPerSecond;
	while (await keepsUp(missed)) {
		reached = missed;
		missed *= STEP;
	}
	for (let i = 0; reached > 0 && i < HALVINGS; i++) {
		const middle = (reached + missed) / 2;
		if (await keepsUp(middle)) reached = middle;
		else missed = middle;
	}
	return { perSecond: reached };
}
