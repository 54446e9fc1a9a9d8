// With outputs that a perfect network would give: what lies between a sweep and a decision is tested, not a network.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRotatedDetections } from "../boxes/rotated-detections.ts";
import { createPoints } from "../clouds/points.ts";
import { TRACK_CONFIRMED } from "../tracking/tracks.ts";
import { BEV_INPUT_SHAPE } from "./bev-input.ts";
import { BEV_OUTPUT_SIZES } from "./bev-output.ts";
import { LidarPerception } from "./lidar-perception.ts";

const VEHICLE = { frontM: 3.7, rearM: 0.9, widthM: 1.85 };
const MOUNT = [1, 0, 0, 1.3, 0, 1, 0, 0, 0, 0, 1, 1.8];

function moving(speedMps: number): LidarPerception {
	const perception = new LidarPerception({ vehicle: VEHICLE, mount: MOUNT });
	perception.odometry.addSpeed(speedMps);
	return perception;
}

function outputs() {
	return {
		heatmap: new Float32Array(BEV_OUTPUT_SIZES.heatmap).fill(-9),
		offset: new Float32Array(BEV_OUTPUT_SIZES.offset),
		size: new Float32Array(BEV_OUTPUT_SIZES.size),
		yaw: new Float32Array(BEV_OUTPUT_SIZES.yaw),
	};
}

/** Writes a car at a place of the vehicle's frame, in cells of 0.8 m. */
function putCar(output: ReturnType<typeof outputs>, xM: number, yM: number) {
	const plane = 80 * 80;
	const u = (xM + 12.8) / 0.8;
	const v = (yM + 32) / 0.8;
	const cell = Math.floor(v) * 80 + Math.floor(u);
	output.heatmap[cell] = 3;
	output.offset[cell] = u - Math.floor(u);
	output.offset[plane + cell] = v - Math.floor(v);
	output.size[cell] = Math.log(4.5);
	output.size[plane + cell] = Math.log(1.8);
	output.yaw[plane + cell] = 1;
}

test("a car that stands ahead of a moving vehicle stands in the frame of the odometry, and is braked for", () => {
	const perception = moving(10);
	let imu = 0;
	for (let sweep = 0; sweep < 8; sweep++) {
		const stampS = sweep / 10;
		for (; imu <= 20 * (sweep + 1); imu++)
			perception.odometry.addTurnRate(imu / 200, 0);
		const output = outputs();
		// 45 m from where it began; seen at the middle of the sweep.
		putCar(output, 45 - 10 * (stampS + 0.05), 0);
		assert.equal(perception.track(output, stampS), "updated");
		perception.decide(stampS + 0.1);
	}
	const { tracks, decision } = perception;
	assert.equal(tracks.count, 1);
	assert.equal(tracks.stages[0], TRACK_CONFIRMED);
	assert.ok(Math.abs((tracks.xM[0] ?? 0) - 45) < 0.2, `${tracks.xM[0]}`);
	assert.ok(Math.abs(tracks.velocityXMps[0] ?? 9) < 0.5);
	assert.equal(decision.reason, "closing");
	assert.ok(Math.abs(decision.gapM - (45 - 8 - 2.25 - 3.7)) < 0.3);
});

test("a sweep from the past is late, and without new ones the vehicle degrades and stops", () => {
	const perception = moving(10);
	for (let i = 0; i <= 100; i++) perception.odometry.addTurnRate(i / 200, 0);
	const none = createRotatedDetections(1);
	assert.equal(perception.follow(none, 0.4), "updated");
	assert.equal(perception.follow(none, 0.2), "late");
	assert.equal(perception.decide(0.5).command, "keep");
	assert.equal(perception.decide(0.9).reason, "stale-perception");
	assert.equal(perception.decide(2).command, "brake");
});

test("a vehicle that has heard no sensor does not move", () => {
	const perception = new LidarPerception({ vehicle: VEHICLE, mount: MOUNT });
	const { command, reason } = perception.decide(1);
	assert.deepEqual([command, reason], ["brake", "invalid-state"]);
});

test("points are told in the vehicle's frame at the middle of the sweep", () => {
	const perception = moving(10);
	for (let i = 0; i <= 20; i++) perception.odometry.addTurnRate(i / 200, 0);
	const points = createPoints(2, { withTimes: true });
	points.count = 2;
	points.xyzi.set([10, 2, -1, 0.5, 10, -2, -1, 0.5]);
	points.timesS?.set([0, 0.1]);
	const tensor = new Float32Array(perception.inputElementCount);
	perception.encode(points, 0, tensor);
	const at = [0, 4].map((i) => points.xyzi.subarray(i, i + 3));
	// A metre apart: the vehicle has moved on between the two.
	for (const [i, x] of [10.8, 11.8].entries())
		assert.ok(Math.abs((at[i]?.[0] ?? 0) - x) < 0.01, `${at[i]}`);
	assert.ok(Math.abs((at[0]?.[2] ?? 0) - 0.8) < 1e-6);
	const [, rows, columns] = BEV_INPUT_SHAPE;
	const occupancy = tensor.subarray(0, rows * columns);
	assert.equal(
		occupancy.reduce((sum, value) => sum + value, 0),
		2,
	);
});

test("a path that is longer than its room is refused", () => {
	const perception = new LidarPerception({
		vehicle: VEHICLE,
		mount: MOUNT,
		pathCapacity: 2,
	});
	const line = [0, 1, 2];
	assert.throws(
		() => perception.plan(0, { stepM: 1, xM: line, yM: line, yawRad: line }),
		/path of 3 points, but a capacity of 2/,
	);
});
