// When each sensor speaks, in steps of the simulation.
import type { ImageU8, Points } from "@saccade/perception";
import { createImage, createPoints } from "@saccade/perception";
import type { Random } from "../random.ts";
import type { Simulation } from "../simulation.ts";
import { type Fault, FaultySink } from "./faults.ts";
import type { SensorSink } from "./readings.ts";
import { SmallSensors } from "./small-sensors.ts";

const STEP_US = 5000;
const SPEED_STEPS = 4;
/** How often a sensor speaks, and for how much of a period after the start it has spoken already. */
interface Rhythm {
	readonly hz: number;
	readonly phase: number;
}

const SWEEPS: Rhythm = { hz: 10, phase: 0 };
/**
 * The shutter opens when the sweep, which begins behind, crosses the middle of the camera's view: half a sweep is one and a
 * half pictures. So are the cameras of nuScenes triggered (https://www.nuscenes.org/nuscenes#data-collection), and
 * sweeps and pictures do not come at once.
 */
const PICTURES: Rhythm = { hz: 30, phase: 0.5 };

export interface SensorClockOptions {
	/** @default none */
	readonly faults?: readonly Fault[];
	/** How many times as often as they should LiDAR and camera speak: whole sweeps and pictures, to overload who listens. @default 1 */
	readonly rate?: number;
}

/** All sensors of one vehicle. Buffers are its own and filled again each time. */
export class SensorClock {
	readonly #simulation: Simulation;
	readonly #sink: FaultySink;
	readonly #small: SmallSensors;
	readonly #points: Points;
	readonly #image: ImageU8;
	readonly #rate: number;
	#sweepCount = 0;
	#pictureCount = 0;

	constructor(
		simulation: Simulation,
		sink: SensorSink,
		random: Random,
		{ faults = [], rate = 1 }: SensorClockOptions = {},
	) {
		this.#simulation = simulation;
		this.#rate = rate;
		this.#sink = new FaultySink(sink, faults, random.stream(201));
		this.#small = new SmallSensors(random);
		this.#points = createPoints(simulation.lidar.rayCount, {
			withTimes: true,
		});
		const { width, height } = simulation.camera.options;
		this.#image = createImage(
			new Uint8Array(3 * width * height),
			width,
			height,
		);
	}

	/** After each step: lets those speak whose time has come, small ones first, since the large ones need them. */
	async tell(): Promise<void> {
		const simulation = this.#simulation;
		const sink = this.#sink;
		const { vehicle, stepCount } = simulation;
		const nowUs = stepCount * STEP_US;
		await sink.advance(nowUs);
		if (stepCount % SPEED_STEPS === 0)
			sink.speed(this.#small.speed(vehicle, nowUs));
		sink.imu(this.#small.imu(vehicle, nowUs));
		if (this.#isDue(nowUs, SWEEPS, this.#sweepCount)) {
			this.#sweepCount++;
			sink.path(this.#small.path(vehicle, nowUs));
			simulation.sweep(this.#points);
			const stampUs = nowUs - 1e6 * simulation.lidar.options.periodS;
			await sink.sweep({ stampUs, points: this.#points });
		}
		if (
			sink.picture !== undefined &&
			this.#isDue(nowUs, PICTURES, this.#pictureCount)
		) {
			this.#pictureCount++;
			simulation.takePicture(this.#image);
			await sink.picture({ stampUs: nowUs, image: this.#image });
		}
	}

	/** Rates that the clock of 200 Hz does not divide by: each at the first step that is not too early. */
	#isDue(nowUs: number, { hz, phase }: Rhythm, count: number): boolean {
		return nowUs * hz * this.#rate >= (count + 1 - phase) * 1e6;
	}
}
