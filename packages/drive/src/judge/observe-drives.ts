// Drives with a driver who knows the truth, looked at now and then: where scenes for training and judging come from.
import { TruthDriver } from "../drivers/truth-driver.ts";
import { Random } from "../random.ts";
import { Simulation } from "../simulation.ts";
import { obey } from "../vehicle/obey.ts";

const DECISION_STEPS = 20;

export interface Observed {
	readonly firstSeed: number;
	readonly driveCount: number;
	readonly perDrive: number;
	/** @default 20 */
	readonly driveS?: number;
}

/** Calls `see` at `perDrive` random instants of each drive. */
export async function observeDrives(
	options: Observed,
	see: (simulation: Simulation) => void | Promise<void>,
): Promise<void> {
	const { firstSeed, driveCount, perDrive, driveS = 20 } = options;
	for (let drive = 0; drive < driveCount; drive++) {
		const seed = firstSeed + drive;
		const random = new Random(seed, 900);
		const simulation = new Simulation({ seed });
		const driver = new TruthDriver(simulation.world);
		const strideS = driveS / perDrive;
		let seen = 0;
		let nextS = strideS * random.next();
		let wishMps2 = 0;
		while (seen < perDrive) {
			simulation.step(wishMps2);
			if (simulation.stepCount % DECISION_STEPS === 0)
				wishMps2 = obey(
					driver.decide(simulation),
					simulation.vehicle.speedMps,
					simulation.world.cruiseMps,
				);
			if (simulation.timeS < nextS) continue;
			await see(simulation);
			seen++;
			nextS = strideS * (seen + random.next());
		}
	}
}
