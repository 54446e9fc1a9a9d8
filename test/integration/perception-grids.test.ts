// Real sweeps through ground removal, voxels, pillars and the raster.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
	BevRaster,
	createGroundPlane,
	createPointCloudView,
	createPoints,
	GroundRemover,
	heightAbove,
	KITTI_LAYOUT,
	keepInRange,
	NUSCENES_LAYOUT,
	NUSCENES_TO_REP103,
	type PackedLayout,
	Pillars,
	type Points,
	readPoints,
	transformPoints,
	VoxelGrid,
	viewPackedCloud,
} from "@saccade/perception";
import { sharedPath, skipWithoutShared } from "../support/shared-data.ts";

const KITTI = "data/kitti/000008.bin";
const NUSCENES = "data/nuscenes/LIDAR_TOP.bin";
const skip = skipWithoutShared(KITTI, NUSCENES);

function read(file: string, layout: PackedLayout): Points {
	const view = createPointCloudView();
	viewPackedCloud(readFileSync(sharedPath(file)), layout, view);
	const points = createPoints(40_000);
	readPoints(view, points);
	return points;
}

function nuscenes(): Points {
	const points = read(NUSCENES, NUSCENES_LAYOUT);
	transformPoints(points, NUSCENES_TO_REP103);
	keepInRange(points, 2.5, 200);
	return points;
}

const countWhere = (
	{ count, xyzi }: Points,
	test: (x: number, y: number, z: number) => boolean,
) => {
	let found = 0;
	for (let i = 0; i < count; i++) {
		const [x = 0, y = 0, z = 0] = xyzi.subarray(4 * i);
		if (test(x, y, z)) found++;
	}
	return found;
};

describe("real sweeps", { skip }, () => {
	test("KITTI's road lies 1.73 m under its sensor; it goes, and the car 8 m ahead stays", () => {
		const points = read(KITTI, KITTI_LAYOUT);
		const remover = new GroundRemover({ sensorHeightM: 1.73 });
		const plane = createGroundPlane();
		assert.ok(remover.find(points, plane));
		const underSensorM = heightAbove(plane, 0, 0, 0);
		assert.ok(Math.abs(underSensorM - 1.73) < 0.12, `${underSensorM} m`);
		// The body of the labelled car 7.9 m ahead of the camera, from half a metre above the road.
		const onCar = (x: number, y: number, z: number) =>
			x > 6 && x < 11 && y > 0 && y < 4 && heightAbove(plane, x, y, z) > 0.5;
		const before = countWhere(points, onCar);
		assert.ok(before > 500, `${before} points on the car`);
		const removed = remover.remove(points, plane);
		assert.ok(removed > 5000 && removed < 12_000, `${removed} removed`);
		assert.equal(countWhere(points, onCar), before);
		assert.equal(
			countWhere(points, (x, y, z) => heightAbove(plane, x, y, z) < 0.19),
			0,
		);
	});

	test("nuScenes' road lies 1.84 m under its sensor", () => {
		const points = nuscenes();
		const remover = new GroundRemover({ sensorHeightM: 1.84 });
		const plane = createGroundPlane();
		assert.ok(remover.find(points, plane));
		const underSensorM = heightAbove(plane, 0, 0, 0);
		assert.ok(Math.abs(underSensorM - 1.84) < 0.15, `${underSensorM} m`);
		const share = remover.remove(points, plane) / 26_000;
		assert.ok(share > 0.3 && share < 0.8, `${share} removed`);
	});

	test("voxels thin a sweep, and no voxel holds two points afterwards", () => {
		const points = nuscenes();
		const before = points.count;
		const grid = new VoxelGrid({ voxelM: 0.5, capacity: 40_000 });
		const merged = grid.thin(points, points);
		assert.equal(points.count, before - merged);
		assert.ok(merged > before / 3, `${merged} of ${before}`);
		// A mean lies in its voxel, up to the rounding to 32 bits.
		assert.ok(grid.thin(points, points) < 5);
	});

	test("pillars and raster agree on which cells are occupied", () => {
		const points = nuscenes();
		const grid = {
			minXM: -50,
			minYM: -50,
			cellM: 0.5,
			rows: 200,
			columns: 200,
		};
		const heights = { minZM: -3, maxZM: 2 };
		const pillars = new Pillars({ grid, ...heights, maxPillars: 20_000 });
		const tensors = pillars.createTensors();
		const pillarCount = pillars.fill(points, tensors);
		const raster = new BevRaster({
			grid,
			...heights,
			channels: ["occupancy", "max-height", "mean-intensity"],
			intensityScale: 1 / 255,
		});
		const planes = new Float32Array(raster.elementCount);
		const inside = raster.draw(points, planes);
		const cellCount = 200 * 200;
		const occupied = planes.subarray(0, cellCount).filter((v) => v === 1);
		assert.equal(occupied.length, pillarCount);
		assert.ok(pillarCount > 3000, `${pillarCount} pillars`);
		for (let pillar = 0; pillar < pillarCount; pillar++) {
			const [, , row = 0, column = 0] = tensors.coordinates.subarray(
				4 * pillar,
			);
			assert.equal(planes[200 * row + column], 1);
		}
		assert.ok(planes.every((value) => value >= 0 && value <= 1));
		const inPillars = tensors.pointCounts.reduce((sum, n) => sum + n, 0);
		assert.ok(inPillars <= inside && inPillars > inside / 2);
	});
});
