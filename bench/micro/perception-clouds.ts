// Point clouds from bytes to points and back, at the size of a roof sensor: 120,000 points of 22 bytes.
import {
	createFoxglovePointCloud,
	createPoints,
	createRosPointCloud2,
	createSweepMotion,
	decodeFoxglovePointCloud,
	decodeRosPointCloud2,
	deskewPoints,
	dropNotFinite,
	encodeFoxglovePointCloud,
	encodeRosPointCloud2,
	foxglovePointCloudBytes,
	KITTI_LAYOUT,
	keepInBox,
	keepInRange,
	NUSCENES_TO_REP103,
	type PackedLayout,
	type PointNumericType,
	type Points,
	readPoints,
	rosPointCloud2Bytes,
	type setLayout,
	timesFromAzimuth,
	transformPoints,
	viewPackedCloud,
	writePoints,
} from "@saccade/perception";
import { mulberry32 } from "../lib/stats.ts";
import type { AnyCase } from "./case.ts";
import { kernelCase } from "./perception-ground.ts";

const POINT_COUNT = 120_000;

const field = (name: string, type: PointNumericType, offsetBytes: number) => ({
	name,
	type,
	offsetBytes,
	elementCount: 1,
});

/** As Velodyne's driver for ROS lays a point out, without its gaps. */
const VELODYNE_LAYOUT: PackedLayout = {
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

/** A ring of ground and walls from 3 to 80 m. */
export function sweep(count = POINT_COUNT): Points {
	const random = mulberry32(6);
	const points = createPoints(count);
	points.count = count;
	for (let i = 0; i < count; i++) {
		const azimuth = 2 * Math.PI * random();
		const range = 3 + 77 * random() ** 2;
		points.xyzi[4 * i] = range * Math.cos(azimuth);
		points.xyzi[4 * i + 1] = range * Math.sin(azimuth);
		points.xyzi[4 * i + 2] = random() < 0.6 ? -1.8 : 4 * random() - 1.8;
		points.xyzi[4 * i + 3] = random();
	}
	return points;
}

function velodyneView(cloud: {
	readonly view: Parameters<typeof setLayout>[0];
}) {
	const bytes = new Uint8Array(POINT_COUNT * VELODYNE_LAYOUT.strideBytes);
	viewPackedCloud(bytes, VELODYNE_LAYOUT, cloud.view);
	writePoints(sweep(), cloud.view);
	return cloud.view;
}

function rosMessage(): Uint8Array {
	const cloud = createRosPointCloud2();
	cloud.frameId = "lidar_top";
	velodyneView(cloud);
	const message = new Uint8Array(rosPointCloud2Bytes(cloud));
	encodeRosPointCloud2(cloud, message);
	return message;
}

function foxgloveMessage(): Uint8Array {
	const cloud = createFoxglovePointCloud();
	cloud.frameId = "lidar_top";
	velodyneView(cloud);
	const message = new Uint8Array(foxglovePointCloudBytes(cloud));
	encodeFoxglovePointCloud(cloud, message);
	return message;
}

/** Times a filter on a fresh copy; the copy is part of the time. */
function filterCase(
	name: string,
	filter: (points: Points) => unknown,
): AnyCase {
	return kernelCase(`clouds/${name}-120k`, () => {
		const source = sweep();
		const points = createPoints(POINT_COUNT);
		return () => {
			points.xyzi.set(source.xyzi);
			points.count = POINT_COUNT;
			return filter(points);
		};
	});
}

const RANGE = { minRangeM: 1, maxRangeM: 60 };

export const cloudCases: readonly AnyCase[] = [
	kernelCase("clouds/decode/ros-pointcloud2-head", () => {
		const message = rosMessage();
		const into = createRosPointCloud2();
		return () => decodeRosPointCloud2(message, into);
	}),
	kernelCase("clouds/decode/foxglove-head", () => {
		const message = foxgloveMessage();
		const into = createFoxglovePointCloud();
		return () => decodeFoxglovePointCloud(message, into);
	}),
	kernelCase("clouds/read/ros-22-byte-range-120k", () => {
		const message = rosMessage();
		const into = createRosPointCloud2();
		const points = createPoints(POINT_COUNT);
		return () => {
			decodeRosPointCloud2(message, into);
			return readPoints(into.view, points, RANGE);
		};
	}),
	kernelCase("clouds/read/foxglove-22-byte-range-120k", () => {
		const message = foxgloveMessage();
		const into = createFoxglovePointCloud();
		const points = createPoints(POINT_COUNT);
		return () => {
			decodeFoxglovePointCloud(message, into);
			return readPoints(into.view, points, RANGE);
		};
	}),
	kernelCase("clouds/read/kitti-120k", () => {
		const cloud = createRosPointCloud2();
		const bytes = new Uint8Array(POINT_COUNT * KITTI_LAYOUT.strideBytes);
		viewPackedCloud(bytes, KITTI_LAYOUT, cloud.view);
		writePoints(sweep(), cloud.view);
		const points = createPoints(POINT_COUNT);
		return () => readPoints(cloud.view, points);
	}),
	kernelCase("clouds/write/22-byte-120k", () => {
		const view = velodyneView(createRosPointCloud2());
		const points = sweep();
		return () => writePoints(points, view);
	}),
	kernelCase("clouds/encode/foxglove-120k", () => {
		const cloud = createFoxglovePointCloud();
		velodyneView(cloud);
		const target = new Uint8Array(foxglovePointCloudBytes(cloud));
		return () => encodeFoxglovePointCloud(cloud, target);
	}),
	filterCase("copy-alone", () => null),
	filterCase("keep-in-range", (points) => keepInRange(points, 1, 60)),
	filterCase("keep-in-box", (points) =>
		keepInBox(points, {
			minXM: -12.8,
			maxXM: 51.2,
			minYM: -32,
			maxYM: 32,
			minZM: -3,
			maxZM: 3,
		}),
	),
	filterCase("drop-not-finite", dropNotFinite),
	kernelCase("clouds/deskew-120k", () => {
		const points = createPoints(POINT_COUNT, { withTimes: true });
		points.xyzi.set(sweep().xyzi);
		points.count = POINT_COUNT;
		timesFromAzimuth(points, { periodS: 0.1 });
		// Forth and back, so that the points stay where they are.
		const motion = createSweepMotion();
		let way = 1;
		return () => {
			way = -way;
			motion.angularZRadps = 0.3 * way;
			motion.velocityXMps = 12 * way;
			deskewPoints(points, motion);
		};
	}),
	filterCase("transform", (points) =>
		transformPoints(points, NUSCENES_TO_REP103),
	),
];
