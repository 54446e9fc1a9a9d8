// The street, the vehicle and its sensors, moved on together in steps of 5 ms. It knows the truth and has no idea who drives.
import type { ImageU8, Points } from "@saccade/perception";
import { Random } from "./random.ts";
import { CAMERA, Camera, type CameraOptions } from "./sensors/camera.ts";
import { LIDAR, Lidar, type LidarOptions } from "./sensors/lidar.ts";
import { CAMERA_MOUNT, LIDAR_MOUNT, type Mount } from "./sensors/mounts.ts";
import type { SensorMotion } from "./sensors/sensor-motion.ts";
import { Vehicle } from "./vehicle/vehicle.ts";
import { createWorld, WORLD_STEP_S, type World } from "./world/world.ts";

export const STEP_S = 0.005;
const STEPS_PER_WORLD_STEP = Math.round(WORLD_STEP_S / STEP_S);

export interface SimulationOptions {
	readonly seed: number;
	readonly lidar?: LidarOptions;
	readonly camera?: CameraOptions;
}

export class Simulation {
	readonly world: World;
	readonly vehicle: Vehicle;
	readonly lidar: Lidar;
	readonly camera: Camera;
	readonly #bumps: Bumps;
	#steps = 0;

	constructor({ seed, lidar = LIDAR, camera = CAMERA }: SimulationOptions) {
		this.world = createWorld(seed);
		const random = new Random(seed);
		this.vehicle = new Vehicle(
			this.world.road,
			this.world.cruiseMps * random.stream(100).between(0.6, 1),
		);
		this.lidar = new Lidar(this.world, random.stream(101), lidar);
		this.camera = new Camera(this.world, random.stream(103), camera);
		this.#bumps = new Bumps(random.stream(102));
	}

	get timeS(): number {
		return this.#steps * STEP_S;
	}

	get stepCount(): number {
		return this.#steps;
	}

	step(wishMps2: number): void {
		this.vehicle.step(STEP_S, wishMps2);
		this.#steps++;
		if (this.#steps % STEPS_PER_WORLD_STEP === 0) this.world.step(this.vehicle);
	}

	/** The sweep that ends now. */
	sweep(into: Points): void {
		this.lidar.sweep(this.sensorMotion(LIDAR_MOUNT), into);
	}

	/** The picture of this instant. */
	takePicture(into: ImageU8): void {
		const { alongM } = this.vehicle;
		this.camera.render(this.sensorMotion(CAMERA_MOUNT), alongM, into);
	}

	sensorMotion({ aheadM, heightM }: Mount): SensorMotion {
		const { pose, speedMps, yawRateRadps, pitchRise, rollRise } = this.vehicle;
		return {
			xM: pose.xM + aheadM * Math.cos(pose.yawRad),
			yM: pose.yM + aheadM * Math.sin(pose.yawRad),
			yawRad: pose.yawRad,
			heightM,
			aheadMps: speedMps,
			leftMps: yawRateRadps * aheadM,
			yawRateRadps,
			groundSlopeX: pitchRise + this.#bumps.pitchAt(this.timeS),
			groundSlopeY: rollRise + this.#bumps.rollAt(this.timeS),
		};
	}
}

/** An uneven road: the body sways slowly about its axes. */
class Bumps {
	readonly #phases: readonly number[];

	constructor(random: Random) {
		this.#phases = Array.from({ length: 4 }, () => random.between(0, 7));
	}

	pitchAt(timeS: number): number {
		return this.#sway(timeS, 0);
	}

	rollAt(timeS: number): number {
		return this.#sway(timeS, 2);
	}

	#sway(timeS: number, from: number): number {
		return (
			0.003 * Math.sin(5 * timeS + this.#phases[from]!) +
			0.004 * Math.sin(0.7 * timeS + this.#phases[from + 1]!)
		);
	}
}
