// What leaves the vehicle: readings and their instants, nothing that a sensor could not know.
import type { ImageU8, Points } from "@saccade/perception";

export interface ImuReading {
	readonly stampUs: number;
	readonly angularXRadps: number;
	readonly angularYRadps: number;
	readonly angularZRadps: number;
	readonly accelerationXMps2: number;
	readonly accelerationYMps2: number;
	readonly accelerationZMps2: number;
}

export interface SpeedReading {
	readonly stampUs: number;
	/** Of the wheels, forward. */
	readonly speedMps: number;
}

/** Where the vehicle means to go, as its planner tells it: points in its own frame at the stamp. */
export interface PathReading {
	readonly stampUs: number;
	/** From one point to the next, along the path. */
	readonly stepM: number;
	readonly xM: Float64Array;
	readonly yM: Float64Array;
	readonly yawRad: Float64Array;
}

export interface SweepReading {
	/** Of the beginning of the sweep: the points' times are from here. */
	readonly stampUs: number;
	/** In the sensor's frame. */
	readonly points: Points;
}

export interface PictureReading {
	readonly stampUs: number;
	readonly image: ImageU8;
}

export interface SensorReadings {
	readonly imu: ImuReading;
	readonly speed: SpeedReading;
	readonly path: PathReading;
	readonly sweep: SweepReading;
	readonly picture: PictureReading;
}

export type SensorName = keyof SensorReadings;

/**
 * Who listens to the sensors. Objects and arrays are filled again after the call, or, where it is waited for, after its
 * promise: who needs them longer copies them.
 */
export interface SensorSink {
	imu(reading: ImuReading): void;
	speed(reading: SpeedReading): void;
	path(reading: PathReading): void;
	sweep(reading: SweepReading): void | Promise<void>;
	/** Absent: no picture is taken. */
	picture?(reading: PictureReading): void | Promise<void>;
}
