// Streams to look at: ten sensors of 30 readings a second, or a LiDAR whose sweeps have 100,000 points.
import type { SensorStream } from "@saccade/client";
import { type GrpcClient, hostClock } from "@saccade/client/grpc";
import {
	createPoints,
	packTimedPoints,
	TIMED_LAYOUT,
} from "@saccade/perception";

const SAFE = { action: "stop", reasons: ["silence"], targets: [] };
const RINGS = 64;

export interface Fed {
	stop(): Promise<void>;
}

async function feed(
	streams: readonly SensorStream[],
	everyMs: number,
	send: (stream: SensorStream, index: number) => void,
): Promise<Fed> {
	await Promise.all(streams.map(({ opened }) => opened));
	const timer = setInterval(() => {
		for (const [index, stream] of streams.entries()) send(stream, index);
	}, everyMs);
	return {
		stop: async () => {
			clearInterval(timer);
			await Promise.all(streams.map((stream) => stream.close()));
		},
	};
}

export function feedTen(client: GrpcClient): Promise<Fed> {
	const streams = Array.from({ length: 10 }, (_, i) =>
		client.openStream(
			{
				name: `sensor ${i}`,
				pipeline: "scalar",
				clockDomain: "host-monotonic",
				safeCommand: SAFE,
				qos: { latencyBudgetMs: 50 },
			},
			{},
		),
	);
	return feed(streams, 1000 / 30, (stream, index) =>
		stream.send({
			timestampNs: hostClock.nowNs(),
			deviceId: `sensor-${index}`,
			value: Math.sin(Date.now() / 1000 + index),
		}),
	);
}

export function feedCloud(client: GrpcClient, points: number): Promise<Fed> {
	const data = cloud(points);
	const lidar = client.openStream(
		{
			name: "roof",
			pipeline: "lidar",
			clockDomain: "host-monotonic",
			safeCommand: SAFE,
			sensors: ["lidar", "imu", "wheels", "planner"].map((deviceId) => ({
				deviceId,
				frameId: deviceId,
			})),
			transforms: [
				{ parent: "base_link", child: "lidar", translation: [1, 0, 1.8] },
			],
		},
		{},
	);
	return feed([lidar], 100, (stream) =>
		stream.send({
			timestampNs: hostClock.nowNs(),
			deviceId: "lidar",
			payload: {
				kind: "cloud",
				...TIMED_LAYOUT,
				data,
			},
		}),
	);
}

/** Rings on the ground and walls around them, as a sweep has them. */
function cloud(count: number): Uint8Array {
	const sweep = createPoints(count, { withTimes: true });
	sweep.count = count;
	sweep.timesS?.set(
		Float32Array.from({ length: count }, (_, i) => (0.1 * i) / count),
	);
	for (let i = 0; i < count; i++) {
		const ring = i % RINGS;
		const angle = (2 * Math.PI * i) / count;
		const away = ring < 40 ? 4 + 1.2 * ring : 30 + 6 * Math.sin(5 * angle);
		sweep.xyzi.set(
			[
				away * Math.cos(angle),
				away * Math.sin(angle),
				ring < 40 ? -1.8 : (ring - 40) / 6 - 1.8,
				(i % 97) / 97,
			],
			4 * i,
		);
	}
	return packTimedPoints(sweep);
}
