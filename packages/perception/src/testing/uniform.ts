import fc from "fast-check";

const STEPS = 1 << 20;

/**
 * Numbers spread evenly from `min` to `max`. `fc.double` spreads over the representations instead, of which nearly all
 * are next to 0: good for finding what numbers break, useless for scenes.
 */
export function uniform(min: number, max: number): fc.Arbitrary<number> {
	return fc
		.integer({ min: 0, max: STEPS })
		.map((n) => min + ((max - min) * n) / STEPS);
}
