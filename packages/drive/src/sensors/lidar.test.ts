import assert from "node:assert/strict";
import { test } from "node:test";
import {
	createPoints,
	createSweepMotion,
	deskewPoints,
	type Points,
} from "@saccade/perception";
import { Random } from "../random.ts";
import { Simulation } from "../simulation.ts";
import { castRay } from "../testing/brute-force.ts";
import { type Block, clearWorld, STILL } from "../testing/scene.ts";
import type { World } from "../world/world.ts";
import { LIDAR, Lidar, type LidarOptions } from "./lidar.ts";
import type { SensorMotion } from "./sensor-motion.ts";

/** Every ray answers, and exactly. */
const EXACT: LidarOptions = {
	...LIDAR,
	azimuthCount: 256,
	rangeDeviationM: 0,
	dropout: 0,
	nearestM: 0.01,
};

function sweepOf(
	world: World,
	motion: SensorMotion = STILL,
	options: LidarOptions = EXACT,
): { readonly points: Points; readonly lidar: Lidar } {
	const lidar = new Lidar(world, new Random(1), options);
	const points = createPoints(lidar.rayCount, { withTimes: true });
	lidar.sweep(motion, points);
	return { points, lidar };
}

test("each ray meets what a search through all boxes in three dimensions says, at its own instant", () => {
	const random = new Random(9);
	for (let round = 0; round < 12; round++) {
		const blocks = Array.from({ length: 14 }, (): Block => {
			const angle = random.between(-Math.PI, Math.PI);
			const r = random.between(4, 60);
			const bottomM = random.chance(0.3) ? random.between(0.3, 2.5) : 0;
			return {
				xM: r * Math.cos(angle),
				yM: r * Math.sin(angle),
				yawRad: random.between(-Math.PI, Math.PI),
				lengthM: random.between(0.3, 6),
				widthM: random.between(0.3, 3),
				bottomM,
				topM: bottomM + random.between(0.4, 3),
				velocityXMps: random.between(-12, 12),
				velocityYMps: random.between(-12, 12),
			};
		});
		const world = clearWorld(...blocks);
		const motion: SensorMotion = {
			...STILL,
			aheadMps: random.between(0, 14),
			leftMps: random.between(-0.5, 0.5),
			yawRateRadps: random.between(-0.25, 0.25),
		};
		const { points, lidar } = sweepOf(world, motion);
		const { elevationsRad, azimuthCount, periodS, rangeM } = EXACT;
		const counts = new Array<number>(blocks.length).fill(0);
		let at = 0;
		for (let column = 0; column < azimuthCount; column++) {
			const timeS = (periodS * (column + 1)) / azimuthCount;
			const backS = timeS - periodS;
			const turn = motion.yawRateRadps * backS;
			const azimuth =
				Math.PI - (2 * Math.PI * (column + 0.5)) / azimuthCount + turn;
			const [c, s] = [Math.cos(turn / 2), Math.sin(turn / 2)];
			for (const elevation of elevationsRad) {
				const plan = Math.cos(elevation);
				const { distanceM, agentIndex } = castRay(world, {
					origin: [
						backS * (c * motion.aheadMps - s * motion.leftMps),
						backS * (s * motion.aheadMps + c * motion.leftMps),
						motion.heightM,
					],
					direction: [
						plan * Math.cos(azimuth),
						plan * Math.sin(azimuth),
						Math.sin(elevation),
					],
					timeS: backS,
				});
				if (distanceM * plan >= rangeM) continue;
				if (agentIndex >= 0) counts[agentIndex]!++;
				const told = points.xyzi.subarray(4 * at, 4 * at + 3);
				const r = Math.hypot(told[0]!, told[1]!, told[2]!);
				assert.ok(
					Math.abs(r - distanceM) < 1e-3 + 1e-5 * distanceM,
					`round ${round}, column ${column}: ${r} m instead of ${distanceM} m`,
				);
				assert.ok(Math.abs(points.timesS![at]! - timeS) < 1e-6);
				at++;
			}
		}
		assert.equal(points.count, at);
		assert.deepEqual([...lidar.hitCounts], counts);
	}
});

test("what stands behind a wall is not seen, and the wall is", () => {
	const person: Block = {
		xM: 20,
		yM: 0,
		lengthM: 0.6,
		widthM: 0.6,
		topM: 1.8,
		kind: "pedestrian",
	};
	const wall: Block = { xM: 10, yM: 0, lengthM: 0.3, widthM: 6, topM: 2.5 };
	const free = sweepOf(clearWorld(person)).lidar.hitCounts;
	assert.ok(free[0]! >= 5, `${free[0]} points`);
	const hidden = sweepOf(clearWorld(person, wall)).lidar.hitCounts;
	assert.equal(hidden[0], 0);
	assert.ok(hidden[1]! > 50);
});

test("a wall is bent in the sweep of a vehicle that moves, and straight after the times were used", () => {
	const world = clearWorld({
		xM: 30,
		yM: 0,
		lengthM: 0.2,
		widthM: 60,
		topM: 3,
	});
	const motion = { ...STILL, aheadMps: 14, yawRateRadps: -0.2 };
	const { points } = sweepOf(world, motion);
	const wallPoints = () => {
		const xs: number[] = [];
		for (let i = 0; i < points.count; i++)
			if (points.xyzi[4 * i + 2]! > -1.7) xs.push(points.xyzi[4 * i]!);
		return xs;
	};
	const spread = (xs: readonly number[]) => Math.max(...xs) - Math.min(...xs);
	assert.ok(spread(wallPoints()) > 0.3);
	const sweep = createSweepMotion();
	sweep.velocityXMps = 14;
	sweep.angularZRadps = -0.2;
	deskewPoints(points, sweep, EXACT.periodS);
	const straight = wallPoints();
	assert.ok(spread(straight) < 0.02, `${spread(straight)} m`);
	assert.ok(Math.abs(straight[0]! - 29.9) < 0.02);
});

test("a sweep of the street has 30,000 points and more, all within range and finite", () => {
	for (let seed = 1; seed <= 30; seed++) {
		const simulation = new Simulation({ seed });
		const points = createPoints(simulation.lidar.rayCount, { withTimes: true });
		for (let i = 0; i < 400; i++) simulation.step(0);
		simulation.sweep(points);
		assert.ok(points.count >= 30_000, `seed ${seed}: ${points.count} points`);
		for (let i = 0; i < points.count; i++) {
			const [x, y, z, intensity] = points.xyzi.subarray(4 * i, 4 * i + 4);
			const r = Math.hypot(x!, y!);
			assert.ok(
				r < LIDAR.rangeM + 0.2 && Number.isFinite(z!),
				`${x} ${y} ${z}`,
			);
			assert.ok(intensity! >= 0 && intensity! <= 1);
		}
	}
});

test("two sweeps of one seed are equal to the last bit", () => {
	const [first, second] = [0, 1].map(() => {
		const simulation = new Simulation({ seed: 6 });
		const points = createPoints(simulation.lidar.rayCount, { withTimes: true });
		for (let i = 0; i < 300; i++) simulation.step(1);
		simulation.sweep(points);
		return points;
	});
	assert.deepEqual(first, second);
});

test("points without times, or too few of them, are refused", () => {
	const lidar = new Lidar(clearWorld(), new Random(1), EXACT);
	assert.throws(
		() => lidar.sweep(STILL, createPoints(lidar.rayCount)),
		RangeError,
	);
	const few = createPoints(10, { withTimes: true });
	assert.throws(() => lidar.sweep(STILL, few), RangeError);
});
