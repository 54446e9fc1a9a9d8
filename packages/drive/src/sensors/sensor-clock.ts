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
const SWEEP_STEPS = 20;
const CAMERA_HZ = 30;

/** All sensors of one vehicle. Buffers are its own and filled again each time. */
export class SensorClock {
	readonly #simulation: Simulation;
	readonly #sink: FaultySink;
	readonly #small: SmallSensors;
	readonly #points: Points;
	readonly #image: ImageU8;
	#pictureCount = 0;

	constructor(
		simulation: Simulation,
		sink: SensorSink,
		random: Random,
		faults: readonly Fault[] = [],
	) {
		this.#simulation = simulation;
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
		if (stepCount % SWEEP_STEPS === 0) {
			sink.path(this.#small.path(vehicle, nowUs));
			simulation.sweep(this.#points);
			const stampUs = nowUs - 1e6 * simulation.lidar.options.periodS;
			await sink.sweep({ stampUs, points: this.#points });
		}
		if (sink.picture !== undefined && this.#isPictureDue(nowUs)) {
			this.#pictureCount++;
			simulation.takePicture(this.#image);
			await sink.picture({ stampUs: nowUs, image: this.#image });
		}
	}

	/** 30 a second on a clock of 200: each at the first step that is not too early. */
	#isPictureDue(nowUs: number): boolean {
		return nowUs * CAMERA_HZ >= (this.#pictureCount + 1) * 1e6;
	}
}
