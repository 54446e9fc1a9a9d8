// A driver who knows only what the sensors say: the perception of the server, in this process. Who runs the network is given.
import {
	type CentrePointOutput,
	LidarPerception,
	type RotatedDetections,
} from "@saccade/perception";
import type { Driver } from "../run/driver.ts";
import { LIDAR_MOUNT, mountTransform } from "../sensors/mounts.ts";
import type { SweepReading } from "../sensors/readings.ts";
import { VEHICLE_SHAPE } from "../vehicle/vehicle.ts";

/** Answers for one scene. */
export type BevNetwork = (tensor: Float32Array) => Promise<CentrePointOutput>;

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
	});
}

export function lidarDriver(network: BevNetwork): LidarDriver {
	const perception = createPerception();
	const tensor = new Float32Array(perception.inputElementCount);
	return driverOf(perception, async ({ points, stampUs }) => {
		perception.encode(points, stampUs / 1e6, tensor);
		perception.track(await network(tensor), stampUs / 1e6);
	});
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
		},
		decide: (timeS) => perception.decide(timeS),
	};
}
