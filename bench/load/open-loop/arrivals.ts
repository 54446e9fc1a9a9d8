// When requests arrive, decided before anything is sent: what the server does changes nothing of it.
import { mulberry32 } from "../../lib/stats.ts";

/** Instants in µs from the start, ascending: a Poisson process, so that gaps are exponential and independent. */
export function* poissonArrivals(
	ratePerSecond: number,
	seed: number,
): Generator<number, never> {
	const random = mulberry32(seed);
	const meanGapUs = 1e6 / ratePerSecond;
	for (let atUs = 0; ; ) {
		// 1 − x is never 0.
		atUs -= Math.log(1 - random()) * meanGapUs;
		yield atUs;
	}
}
