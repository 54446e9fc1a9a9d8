// PointCloud2 of 120,000 points of 22 bytes → x, y, z, intensity as float32 of the points from 1 to 60 m, by ours or by
// Foxglove's reader of ROS 2 messages, in a process of its own. Its output is checked before the window.
import { ros2jazzy } from "@foxglove/rosmsg-msgs-common";
import { MessageReader } from "@foxglove/rosmsg2-serialization";
import {
	createPoints,
	createRosPointCloud2,
	decodeRosPointCloud2,
	encodeRosPointCloud2,
	type PackedLayout,
	type PointNumericType,
	readPoints,
	rosPointCloud2Bytes,
	viewPackedCloud,
	writePoints,
} from "@saccade/perception";
import { mulberry32 } from "../../lib/stats.ts";
import { isInRange, MAX_RANGE_M, MIN_RANGE_M } from "./work.ts";

export interface RosWindow {
	readonly cloudsPerSecond: number;
	readonly cpuUsPerCloud: number;
}

const POINT_COUNT = 120_000;
const WARM_UP_MS = 500;
const field = (name: string, type: PointNumericType, offsetBytes: number) => ({
	name,
	type,
	offsetBytes,
	elementCount: 1,
});
/** As Velodyne's driver for ROS lays a point out, without its gaps. */
const LAYOUT: PackedLayout = {
	strideBytes: 22,
	fields: [
		field("x", "float32", 0),
		field("y", "float32", 4),
		field("z", "float32", 8),
		field("intensity", "float32", 12),
		field("ring", "uint16", 16),
		field("time", "float32", 18),
	],
};

const [name, windowMs] = JSON.parse(process.argv[2] ?? "[]") as [
	"ours" | "foxglove",
	number,
];

const random = mulberry32(9);
const source = createPoints(POINT_COUNT);
source.count = POINT_COUNT;
for (let at = 0; at < source.xyzi.length; at++)
	source.xyzi[at] = 90 * (random() - 0.5);
const cloud = createRosPointCloud2();
cloud.frameId = "lidar_top";
viewPackedCloud(
	new Uint8Array(POINT_COUNT * LAYOUT.strideBytes),
	LAYOUT,
	cloud.view,
);
writePoints(source, cloud.view);
const message = new Uint8Array(rosPointCloud2Bytes(cloud));
encodeRosPointCloud2(cloud, message);

function ours(): () => Float32Array {
	const into = createRosPointCloud2();
	const points = createPoints(POINT_COUNT);
	const range = { minRangeM: MIN_RANGE_M, maxRangeM: MAX_RANGE_M };
	return () => {
		decodeRosPointCloud2(message, into);
		readPoints(into.view, points, range);
		return points.xyzi.subarray(0, 4 * points.count);
	};
}

interface PointCloud2 {
	readonly fields: readonly {
		readonly name: string;
		readonly offset: number;
	}[];
	readonly point_step: number;
	readonly data: Uint8Array;
}

/** As its users write it: the message as an object, a DataView, and a new array per cloud. */
function foxglove(): () => Float32Array {
	const names = [
		"sensor_msgs/PointCloud2",
		"sensor_msgs/PointField",
		"std_msgs/Header",
		"builtin_interfaces/Time",
	] as const;
	const reader = new MessageReader(names.map((one) => ros2jazzy[one]));
	return () => {
		const { fields, point_step, data } =
			reader.readMessage<PointCloud2>(message);
		const offsetOf = (what: string) =>
			fields.find((one) => one.name === what)!.offset;
		const [xAt, yAt, zAt, iAt] = ["x", "y", "z", "intensity"].map(offsetOf) as [
			number,
			number,
			number,
			number,
		];
		const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
		const out = new Float32Array(4 * (data.byteLength / point_step));
		let to = 0;
		for (let at = 0; at < data.byteLength; at += point_step) {
			const x = view.getFloat32(at + xAt, true);
			const y = view.getFloat32(at + yAt, true);
			const z = view.getFloat32(at + zAt, true);
			if (!isInRange(x, y, z)) continue;
			out[to++] = x;
			out[to++] = y;
			out[to++] = z;
			out[to++] = view.getFloat32(at + iAt, true);
		}
		return out.subarray(0, to);
	};
}

const run = name === "ours" ? ours() : foxglove();
const got = run();
let right = 0;
for (let at = 0; at < source.xyzi.length; at += 4) {
	const point = source.xyzi.subarray(at, at + 4);
	if (!isInRange(point[0]!, point[1]!, point[2]!)) continue;
	for (const value of point)
		if (got[right++] !== value) throw new Error(`${name}: number ${right}`);
}
if (right !== got.length) throw new Error(`${name}: ${got.length} numbers`);

function runFor(ms: number): number {
	const untilMs = performance.now() + ms;
	let count = 0;
	for (; performance.now() < untilMs; count++) run();
	return count;
}

runFor(WARM_UP_MS);
const cpu = process.cpuUsage();
const startMs = performance.now();
const count = runFor(windowMs);
const elapsedMs = performance.now() - startMs;
const { user, system } = process.cpuUsage(cpu);
const result: RosWindow = {
	cloudsPerSecond: (1000 * count) / elapsedMs,
	cpuUsPerCloud: (user + system) / count,
};
process.stdout.write(JSON.stringify(result));
