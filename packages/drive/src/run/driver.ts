// Whoever drives: somebody who hears the sensors and says how fast to go.

import { TruthDriver } from "../drivers/truth-driver.ts";
import type { SensorSink } from "../sensors/readings.ts";
import type { Simulation } from "../simulation.ts";
import type { SpeedCommand } from "../vehicle/obey.ts";

export interface Driver {
	/** Null: wants no sensors. */
	readonly sensors: SensorSink | null;
	/** What to do from `timeS` on. */
	decide(timeS: number): SpeedCommand;
}

/** Drives on whatever comes: what a drive is without perception. */
export const BLIND: Driver = {
	sensors: null,
	decide: () => ({
		command: "keep",
		accelerationMps2: 0,
		targetSpeedMps: Number.POSITIVE_INFINITY,
	}),
};

/** Knows the truth and decides by the same policy as everybody. */
export function truthful(simulation: Simulation): Driver {
	const driver = new TruthDriver(simulation.world);
	return { sensors: null, decide: () => driver.decide(simulation) };
}
