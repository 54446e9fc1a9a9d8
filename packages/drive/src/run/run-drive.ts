// One drive in virtual time: the street moves on, the sensors speak, somebody decides, the judge watches.
import { TruthDriver } from "../drivers/truth-driver.ts";
import { type Collision, findCollision } from "../judge/collision.ts";
import { BrakeJudge, type HardBrake } from "../judge/driver-errors.ts";
import { Random } from "../random.ts";
import type { Fault } from "../sensors/faults.ts";
import { SensorClock } from "../sensors/sensor-clock.ts";
import { Simulation, STEP_S } from "../simulation.ts";
import { obey, type SpeedCommand } from "../vehicle/obey.ts";
import type { Driver } from "./driver.ts";

export interface DriveOptions {
	readonly seed: number;
	/** Makes who drives; he may look at the simulation only if he is meant to know the truth. */
	readonly driver: (simulation: Simulation) => Driver;
	/** @default 20 */
	readonly durationS?: number;
	/** From a sweep's end until what was decided about it is obeyed, at most one sweep. @default 0.1 */
	readonly delayS?: number;
	/** @default none */
	readonly faults?: readonly Fault[];
	/** Whether hard brakes are judged, which costs a policy run each. @default true */
	readonly judgeBrakes?: boolean;
	/** Hears of every decision. */
	readonly onDecision?: (event: DecisionEvent) => void;
}

export interface DecisionEvent {
	readonly timeS: number;
	readonly command: SpeedCommand;
	/** Deceleration that the truth asked for; NaN when brakes are not judged. */
	readonly neededMps2: number;
	readonly simulation: Simulation;
}

export interface DriveResult {
	readonly seed: number;
	/** How long it went on: a collision ends it. */
	readonly drivenS: number;
	readonly progressM: number;
	readonly collision: Collision | null;
	readonly hardBrakes: readonly HardBrake[];
	/** Standing at the end. */
	readonly isStuck: boolean;
}

const DECISION_STEPS = 20;

export async function runDrive(options: DriveOptions): Promise<DriveResult> {
	const { seed, durationS = 20, delayS = 0.1, judgeBrakes = true } = options;
	const simulation = new Simulation({ seed });
	const driver = options.driver(simulation);
	const clock =
		driver.sensors === null
			? null
			: new SensorClock(simulation, driver.sensors, new Random(seed, 200), {
					...(options.faults && { faults: options.faults }),
				});
	const truth = judgeBrakes ? new TruthDriver(simulation.world) : null;
	const judge = new BrakeJudge();
	const { vehicle, world } = simulation;
	const delaySteps = Math.round(delayS / STEP_S);
	const stepCount = Math.round(durationS / STEP_S);
	let pending: SpeedCommand = NO_COMMAND;
	let obeyed: SpeedCommand = NO_COMMAND;
	let collision: Collision | null = null;
	for (let step = 1; step <= stepCount && collision === null; step++) {
		simulation.step(obey(obeyed, vehicle.speedMps, world.cruiseMps));
		await clock?.tell();
		collision = findCollision(simulation);
		const isDecision = step % DECISION_STEPS === 0;
		if (step % DECISION_STEPS === delaySteps % DECISION_STEPS) obeyed = pending;
		if (!isDecision) continue;
		const { command, accelerationMps2, targetSpeedMps } = driver.decide(
			simulation.timeS,
		);
		pending = { command, accelerationMps2, targetSpeedMps };
		if (delaySteps === 0) obeyed = pending;
		const neededMps2 = truth?.decide(simulation).requiredMps2 ?? Number.NaN;
		if (truth !== null)
			judge.add(
				simulation.timeS,
				command === "keep" ? 0 : -accelerationMps2,
				neededMps2,
			);
		options.onDecision?.({
			timeS: simulation.timeS,
			command: pending,
			neededMps2,
			simulation,
		});
	}
	return {
		seed,
		drivenS: simulation.timeS,
		progressM: vehicle.progressM,
		collision,
		hardBrakes: judge.hardBrakes(),
		isStuck: vehicle.speedMps < 0.1,
	};
}

const NO_COMMAND: SpeedCommand = {
	command: "keep",
	accelerationMps2: 0,
	targetSpeedMps: Number.POSITIVE_INFINITY,
};
