// A driver who knows only what the sensors say: the perception of the server, in this process. Who runs the network is given.
import {
	type CentreBoxOutput,
	type CentrePointOutput,
	createImage,
	type ImageU8,
	LidarPerception,
	type RotatedDetections,
} from "@saccade/perception";
import type { Driver } from "../run/driver.ts";
import { CAMERA } from "../sensors/camera.ts";
import {
	CAMERA_MOUNT,
	LIDAR_MOUNT,
	mountTransform,
	pinholeOf,
} from "../sensors/mounts.ts";
import type { SensorSink, SweepReading } from "../sensors/readings.ts";
import { VEHICLE_SHAPE } from "../vehicle/vehicle.ts";

/** Answers for one scene. */
export type BevNetwork = (tensor: Float32Array) => Promise<CentrePointOutput>;

/** Answers for one picture. */
export type CameraNetwork = (picture: ImageU8) => Promise<CentreBoxOutput>;

/** Instead of encoder and network: whoever tells the boxes of a sweep in the vehicle's frame at its middle. */
export type SweepDetector = (
	reading: SweepReading,
) => RotatedDetections | Promise<RotatedDetections>;

export interface LidarDriver extends Driver {
	readonly perception: LidarPerception;
}

function createPerception(): LidarPerception {
	return new LidarPerception({
		vehicle: VEHICLE_SHAPE,
		mount: mountTransform(LIDAR_MOUNT),
		camera: pinholeOf(CAMERA, CAMERA_MOUNT),
	});
}

export function lidarDriver(network: BevNetwork): LidarDriver {
	const perception = createPerception();
	return driverOf(perception, sweepsThrough(network, perception));
}

/** Looks at pictures, too: at the newest one with each sweep, which is when it matters what they show. */
export function seeingDriver(
	network: BevNetwork,
	camera: CameraNetwork,
): LidarDriver {
	const perception = createPerception();
	const { width, height } = CAMERA;
	const newest = createImage(new Uint8Array(3 * width * height), width, height);
	let newestS: number | null = null;
	const sweep = sweepsThrough(network, perception);
	return driverOf(
		perception,
		async (reading) => {
			if (newestS !== null) perception.look(await camera(newest), newestS);
			newestS = null;
			await sweep(reading);
		},
		{
			picture: ({ image, stampUs }) => {
				newest.data.set(image.data);
				newestS = stampUs / 1e6;
			},
		},
	);
}

function sweepsThrough(network: BevNetwork, perception: LidarPerception) {
	const tensor = new Float32Array(perception.inputElementCount);
	return async ({ points, stampUs }: SweepReading) => {
		perception.encode(points, stampUs / 1e6, tensor);
		perception.track(await network(tensor), stampUs / 1e6);
	};
}

export function detectingDriver(detect: SweepDetector): LidarDriver {
	const perception = createPerception();
	return driverOf(perception, async (reading) => {
		perception.follow(await detect(reading), reading.stampUs / 1e6);
	});
}

function driverOf(
	perception: LidarPerception,
	sweep: (reading: SweepReading) => Promise<void>,
	pictures: Pick<SensorSink, "picture"> = {},
): LidarDriver {
	const { odometry } = perception;
	return {
		perception,
		sensors: {
			imu: ({ stampUs, angularZRadps }) =>
				odometry.addTurnRate(stampUs / 1e6, angularZRadps),
			speed: ({ speedMps }) => odometry.addSpeed(speedMps),
			path: (path) => perception.plan(path.stampUs / 1e6, path),
			sweep,
			...pictures,
		},
		decide: (timeS) => perception.decide(timeS),
	};
}
