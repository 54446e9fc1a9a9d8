// The bundled street, drawn beforehand and sent slowly over the public streams: what a machine draws and infers in
// software, beside a browser that draws in software too, is shown whatever it takes, where its deadline lets it.

import type { Reading, SensorStream } from "@saccade/client";
import { type GrpcClient, hostClock } from "@saccade/client/grpc";
import { CAMERA, LIDAR_MOUNT, Simulation } from "@saccade/drive";
import {
	createImage,
	createPoints,
	packTimedPoints,
	TIMED_LAYOUT,
} from "@saccade/perception";

const FRAMES = 100;
const EVERY_MS = 250;
const STEP_MS = 5;
/** Long enough for what is ahead to be in sight. */
const RUN_IN_STEPS = 600;
const SAFE = { action: "brake", reasons: ["silence"], targets: [] };

interface Drawn {
	readonly cloud: Uint8Array;
	readonly picture: Uint8Array;
	readonly speedMps: number;
	readonly yawRateRadps: number;
}

function draw(seed: number): Drawn[] {
	const simulation = new Simulation({ seed });
	const points = createPoints(100_000, { withTimes: true });
	const { width, height } = CAMERA;
	const frames: Drawn[] = [];
	for (let i = 0; i < RUN_IN_STEPS; i++) simulation.step(0);
	while (frames.length < FRAMES) {
		for (let i = 0; i < EVERY_MS / STEP_MS; i++) simulation.step(0);
		simulation.sweep(points);
		const data = new Uint8Array(3 * width * height);
		simulation.takePicture(createImage(data, width, height));
		frames.push({
			cloud: packTimedPoints(points),
			picture: data,
			speedMps: simulation.vehicle.speedMps,
			yawRateRadps: simulation.vehicle.yawRateRadps,
		});
	}
	return frames;
}

export interface SlowDrive {
	/** Resolves when each frame has its outcome. */
	stop(): Promise<void>;
}

/** Sends until it is stopped. @param budgetMs of a frame, from its measurement to its decision */
export async function startSlowDrive(
	client: GrpcClient,
	budgetMs: number,
	seed = 32,
): Promise<SlowDrive> {
	const frames = draw(seed);
	const lidar = client.openStream(
		{
			name: "vehicle's LiDAR and motion",
			pipeline: "lidar",
			clockDomain: "host-monotonic",
			safeCommand: SAFE,
			qos: { latencyBudgetMs: budgetMs },
			sensors: [
				{ deviceId: "lidar", frameId: "lidar", periodMs: EVERY_MS },
				{ deviceId: "imu", frameId: "base_link" },
				{ deviceId: "wheels", periodMs: EVERY_MS },
				{ deviceId: "planner", frameId: "base_link" },
			],
			transforms: [
				{
					parent: "base_link",
					child: "lidar",
					translation: [LIDAR_MOUNT.aheadM, 0, LIDAR_MOUNT.heightM],
				},
			],
		},
		{},
	);
	const camera = client.openStream(
		{
			name: "vehicle's camera",
			pipeline: "camera",
			clockDomain: "host-monotonic",
			safeCommand: SAFE,
			qos: { latencyBudgetMs: budgetMs },
			sensors: [{ deviceId: "camera", frameId: "camera", periodMs: EVERY_MS }],
		},
		{},
	);
	await Promise.all([lidar.opened, camera.opened]);
	let at = 0;
	const timer = setInterval(() => {
		const frame = frames[at++ % frames.length];
		if (frame !== undefined) send(lidar, camera, frame);
	}, EVERY_MS);
	return {
		stop: async () => {
			clearInterval(timer);
			await Promise.all([lidar.close(), camera.close()]);
		},
	};
}

function send(lidar: SensorStream, camera: SensorStream, frame: Drawn): void {
	const timestampNs = hostClock.nowNs();
	const reading = (deviceId: string, payload: Reading["payload"]): Reading => ({
		timestampNs,
		deviceId,
		...(payload !== undefined && { payload }),
	});
	lidar.send({ timestampNs, deviceId: "wheels", value: frame.speedMps });
	lidar.send(
		reading("imu", {
			kind: "imu",
			angularVelocity: { x: 0, y: 0, z: frame.yawRateRadps },
			linearAcceleration: { x: 0, y: 0, z: 9.81 },
		}),
	);
	lidar.send(
		reading("lidar", {
			kind: "cloud",
			...TIMED_LAYOUT,
			data: frame.cloud,
		}),
	);
	const { width, height } = CAMERA;
	camera.send(
		reading("camera", {
			kind: "image",
			encoding: "rgb8",
			width,
			height,
			data: frame.picture,
		}),
	);
}
