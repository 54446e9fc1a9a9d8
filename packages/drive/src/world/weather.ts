import type { Random } from "../random.ts";

/** What the air does to the sensors. */
export interface Weather {
	/** Share of the LiDAR's returns that get lost, over 50 m. */
	readonly lossPer50M: number;
	/** Share of rays that a drop or a flake sends back early. */
	readonly clutterShare: number;
	/** Distance at which a colour is half that of the sky. */
	readonly hazeM: number;
	/** 0.5: dusk. 1: noon. */
	readonly light: number;
	/** Deviation of a pixel's noise, of 255. */
	readonly cameraNoise: number;
}

/** Mostly clear, sometimes rain or haze. */
export function randomWeather(random: Random): Weather {
	const badness = Math.max(0, random.next() * 1.6 - 0.6);
	return {
		lossPer50M: 0.01 + 0.08 * badness * random.next(),
		clutterShare: 0.004 * badness * random.next(),
		hazeM: 400 / (1 + 3 * badness),
		light: random.between(0.55, 1.05) * (1 - 0.2 * badness),
		cameraNoise: random.between(2, 5) + 3 * badness,
	};
}
