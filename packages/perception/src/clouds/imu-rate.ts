// The mean turn rate during a sweep, from the samples of a gyroscope around it.
import type { SweepMotion } from "./deskew.ts";

/** The newest samples of a gyroscope, oldest first, as a struct of arrays. */
export interface GyroSamples {
	/** How many of the entries are valid. */
	readonly count: number;
	/** Strictly increasing, on the clock of the sweeps. */
	readonly timesS: Float64Array;
	/** x, y, z of one sample after the other, in the frame of the points. */
	readonly ratesRadps: Float64Array;
}

/**
 * Sets the angular velocity of `into` to the mean over the interval; between samples the rate is taken as linear, and
 * outside of them as the nearest one's.
 * @returns the share of the interval that lies between the first and the last sample: 0 when nothing is known (and the
 * rate is then 0 or a guess from one side), 1 when all of it is
 * @throws RangeError unless the interval has a length.
 */
export function meanTurnRate(
	samples: GyroSamples,
	fromS: number,
	toS: number,
	into: SweepMotion,
): number {
	if (!(toS > fromS))
		throw new RangeError(
			`a sweep from ${fromS} to ${toS} s: it must have a length`,
		);
	into.angularXRadps = meanOf(samples, 0, fromS, toS);
	into.angularYRadps = meanOf(samples, 1, fromS, toS);
	into.angularZRadps = meanOf(samples, 2, fromS, toS);
	const { count, timesS } = samples;
	if (count === 0) return 0;
	const known = Math.min(timesS[count - 1]!, toS) - Math.max(timesS[0]!, fromS);
	return Math.max(0, known) / (toS - fromS);
}

/** The area under the line through the samples, by trapezoids, over the length. */
function meanOf(
	samples: GyroSamples,
	axis: number,
	fromS: number,
	toS: number,
): number {
	const { count, timesS, ratesRadps } = samples;
	if (count === 0) return 0;
	let area = 0;
	let atS = fromS;
	let rate = rateAt(samples, axis, fromS);
	for (let i = 0; i < count; i++) {
		const timeS = timesS[i]!;
		if (timeS <= atS) continue;
		if (timeS >= toS) break;
		const next = ratesRadps[3 * i + axis]!;
		area += ((rate + next) / 2) * (timeS - atS);
		atS = timeS;
		rate = next;
	}
	area += ((rate + rateAt(samples, axis, toS)) / 2) * (toS - atS);
	return area / (toS - fromS);
}

function rateAt(samples: GyroSamples, axis: number, timeS: number): number {
	const { count, timesS, ratesRadps } = samples;
	let after = 0;
	while (after < count && timesS[after]! < timeS) after++;
	if (after === 0) return ratesRadps[axis]!;
	const before = ratesRadps[3 * (after - 1) + axis]!;
	if (after === count) return before;
	const start = timesS[after - 1]!;
	const share = (timeS - start) / (timesS[after]! - start);
	return before + share * (ratesRadps[3 * after + axis]! - before);
}
