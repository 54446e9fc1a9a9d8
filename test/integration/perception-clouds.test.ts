// Real sweeps through the codecs: what the data sets' own documents say about them must come out at the other end.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
	createFoxglovePointCloud,
	createPointCloudView,
	createPoints,
	createRosPointCloud2,
	decodeFoxglovePointCloud,
	decodeRosPointCloud2,
	dropInBox,
	encodeFoxglovePointCloud,
	encodeRosPointCloud2,
	foxglovePointCloudBytes,
	KITTI_LAYOUT,
	keepInRange,
	NUSCENES_LAYOUT,
	NUSCENES_TO_REP103,
	type PackedLayout,
	type Points,
	readPoints,
	rosPointCloud2Bytes,
	transformPoints,
	viewPackedCloud,
} from "@saccade/perception";
import { sharedPath, skipWithoutShared } from "../support/shared-data.ts";

const KITTI = "data/kitti/000008.bin";
const NUSCENES = "data/nuscenes/LIDAR_TOP.bin";

const viewOf = (file: string, layout: PackedLayout) => {
	const view = createPointCloudView();
	viewPackedCloud(readFileSync(sharedPath(file)), layout, view);
	return view;
};

const extent = (points: Points, axis: number) => {
	let min = Number.POSITIVE_INFINITY;
	let max = Number.NEGATIVE_INFINITY;
	for (let i = 0; i < points.count; i++) {
		const value = points.xyzi[4 * i + axis] ?? Number.NaN;
		min = Math.min(min, value);
		max = Math.max(max, value);
	}
	return [min.toFixed(2), max.toFixed(2)];
};

describe("a sweep of KITTI", { skip: skipWithoutShared(KITTI) }, () => {
	test("has the points and the extent that are known of it", () => {
		const points = createPoints(20_000);
		assert.equal(readPoints(viewOf(KITTI, KITTI_LAYOUT), points), 0);
		assert.equal(points.count, 17_238);
		assert.deepEqual(extent(points, 0), ["2.89", "76.83"]);
		assert.deepEqual(extent(points, 1), ["-26.42", "10.28"]);
		assert.deepEqual(extent(points, 2), ["-3.61", "2.87"]);
		assert.deepEqual(extent(points, 3), ["0.00", "0.99"]);
		const first = Array.from(points.xyzi.subarray(0, 4), (v) => v.toFixed(3));
		assert.deepEqual(first, ["21.554", "0.028", "0.938", "0.340"]);
	});

	test("lands in the picture at the pixel that the calibration says", () => {
		const points = createPoints(20_000);
		readPoints(viewOf(KITTI, KITTI_LAYOUT), points);
		// P2 · R0_rect · Tr_velo_to_cam
		transformPoints(
			points,
			[
				609.6954175209, -721.4215943317, -1.2512579994, -123.0417983817,
				180.3842040845, 7.6447979694, -719.651501534, -101.0166839658,
				0.9999454021, 0.0001243654, 0.0104513029, -0.2693869001,
			],
		);
		const [u = 0, v = 0, depth = 0] = points.xyzi;
		assert.equal((u / depth).toFixed(2), "610.38");
		assert.equal((v / depth).toFixed(2), "146.16");
		let inside = 0;
		for (let i = 0; i < points.count; i++) {
			const [a = 0, b = 0, c = 0] = points.xyzi.subarray(4 * i);
			if (c > 0 && a >= 0 && a < 1242 * c && b >= 0 && b < 375 * c) inside++;
		}
		assert.equal(inside, 17_238);
	});
});

describe("a sweep of nuScenes", { skip: skipWithoutShared(NUSCENES) }, () => {
	test("has the points known of it, and the car itself can be taken out", () => {
		const points = createPoints(40_000);
		assert.equal(readPoints(viewOf(NUSCENES, NUSCENES_LAYOUT), points), 0);
		assert.equal(points.count, 34_688);
		transformPoints(points, NUSCENES_TO_REP103);
		assert.deepEqual(extent(points, 0), ["-96.29", "98.59"]);
		assert.deepEqual(extent(points, 1), ["-96.85", "58.00"]);
		const car = {
			minXM: -2,
			maxXM: 3,
			minYM: -1.1,
			maxYM: 1.1,
			minZM: -2,
			maxZM: 1,
		};
		const onCar = dropInBox(points, car);
		assert.ok(onCar > 8000 && onCar < 12_000, `${onCar} points on the car`);
		assert.equal(dropInBox(points, car), 0);
	});

	test("has as many points within a metre, seen from above, as are known of it", () => {
		const points = createPoints(40_000);
		readPoints(viewOf(NUSCENES, NUSCENES_LAYOUT), points);
		transformPoints(points, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
		assert.equal(keepInRange(points, 1, 200), 8220);
	});

	test("is the same sweep after a way through both message formats, ring included", () => {
		const expected = createPoints(40_000);
		const view = viewOf(NUSCENES, NUSCENES_LAYOUT);
		readPoints(view, expected, { intensityField: "ring" });
		const foxglove = createFoxglovePointCloud();
		Object.assign(foxglove, { frameId: "lidar_top", view });
		const message = new Uint8Array(foxglovePointCloudBytes(foxglove));
		encodeFoxglovePointCloud(foxglove, message);
		const back = createFoxglovePointCloud();
		decodeFoxglovePointCloud(message, back);
		const ros = createRosPointCloud2();
		Object.assign(ros, { frameId: "lidar_top", view: back.view });
		const rosMessage = new Uint8Array(rosPointCloud2Bytes(ros));
		encodeRosPointCloud2(ros, rosMessage);
		const rosBack = createRosPointCloud2();
		decodeRosPointCloud2(rosMessage, rosBack);
		const points = createPoints(40_000);
		readPoints(rosBack.view, points, { intensityField: "ring" });
		assert.deepEqual(points, expected);
		assert.deepEqual(extent(points, 3), ["0.00", "31.00"]);
	});
});
