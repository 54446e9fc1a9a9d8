// The sensors that are a few numbers: inertial unit, wheel speed, and the planner's path.
import type { Random } from "../random.ts";
import type { Vehicle } from "../vehicle/vehicle.ts";
import { createPose } from "../world/pose.ts";
import type { ImuReading, PathReading, SpeedReading } from "./readings.ts";

const GRAVITY_MPS2 = 9.81;
const GYRO_DEVIATION_RADPS = 0.003;
const GYRO_BIAS_RADPS = 0.001;
const ACCELEROMETER_DEVIATION_MPS2 = 0.05;
const SPEED_DEVIATION_MPS = 0.03;
/** A worn tyre turns a little faster or slower than it should. */
const SPEED_SCALE_DEVIATION = 0.005;

/** From a little behind the rear axle to beyond what is decided about. */
export const PATH_STEP_M = 2;
export const PATH_BEHIND_M = 8;
export const PATH_POINTS = 48;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Each method fills the reading that it answers, and allocates nothing. */
export class SmallSensors {
	readonly #random: Random;
	readonly #gyroBiasRadps: number;
	readonly #speedScale: number;
	readonly #imu: Writable<ImuReading> = {
		stampUs: 0,
		angularXRadps: 0,
		angularYRadps: 0,
		angularZRadps: 0,
		accelerationXMps2: 0,
		accelerationYMps2: 0,
		accelerationZMps2: 0,
	};
	readonly #speed: Writable<SpeedReading> = { stampUs: 0, speedMps: 0 };
	readonly #path: Writable<PathReading> = {
		stampUs: 0,
		stepM: PATH_STEP_M,
		xM: new Float64Array(PATH_POINTS),
		yM: new Float64Array(PATH_POINTS),
		yawRad: new Float64Array(PATH_POINTS),
	};
	readonly #pose = createPose();

	constructor(random: Random) {
		this.#random = random;
		this.#gyroBiasRadps = GYRO_BIAS_RADPS * random.normal();
		this.#speedScale = 1 + SPEED_SCALE_DEVIATION * random.normal();
	}

	imu(vehicle: Vehicle, stampUs: number): ImuReading {
		const imu = this.#imu;
		const random = this.#random;
		imu.stampUs = stampUs;
		imu.angularXRadps = GYRO_DEVIATION_RADPS * random.normal();
		imu.angularYRadps = GYRO_DEVIATION_RADPS * random.normal();
		imu.angularZRadps =
			vehicle.yawRateRadps +
			this.#gyroBiasRadps +
			GYRO_DEVIATION_RADPS * random.normal();
		imu.accelerationXMps2 =
			vehicle.accelerationMps2 + ACCELEROMETER_DEVIATION_MPS2 * random.normal();
		imu.accelerationYMps2 =
			vehicle.yawRateRadps * vehicle.speedMps +
			ACCELEROMETER_DEVIATION_MPS2 * random.normal();
		imu.accelerationZMps2 =
			GRAVITY_MPS2 + ACCELEROMETER_DEVIATION_MPS2 * random.normal();
		return imu;
	}

	speed(vehicle: Vehicle, stampUs: number): SpeedReading {
		const speed = this.#speed;
		speed.stampUs = stampUs;
		speed.speedMps = Math.max(
			0,
			vehicle.speedMps * this.#speedScale +
				(vehicle.speedMps > 0
					? SPEED_DEVIATION_MPS * this.#random.normal()
					: 0),
		);
		return speed;
	}

	path(vehicle: Vehicle, stampUs: number): PathReading {
		const path = this.#path;
		path.stampUs = stampUs;
		const { pose } = vehicle;
		const cos = Math.cos(pose.yawRad);
		const sin = Math.sin(pose.yawRad);
		for (let i = 0; i < PATH_POINTS; i++) {
			vehicle.pathAt(PATH_STEP_M * i - PATH_BEHIND_M, this.#pose);
			const dx = this.#pose.xM - pose.xM;
			const dy = this.#pose.yM - pose.yM;
			path.xM[i] = cos * dx + sin * dy;
			path.yM[i] = cos * dy - sin * dx;
			path.yawRad[i] = this.#pose.yawRad - pose.yawRad;
		}
		return path;
	}
}
