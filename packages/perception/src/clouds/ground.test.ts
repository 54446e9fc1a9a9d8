import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniform } from "../testing/uniform.ts";
import { createGroundPlane, GroundRemover, heightAbove } from "./ground.ts";
import { createPoints, type Points } from "./points.ts";

interface Road {
	readonly slopeX: number;
	readonly slopeY: number;
	readonly heightM: number;
	readonly noise: readonly number[];
}

const road = fc.record({
	slopeX: uniform(-0.08, 0.08),
	slopeY: uniform(-0.08, 0.08),
	heightM: uniform(1.5, 2.1),
	noise: fc.array(uniform(-0.04, 0.04), { minLength: 97, maxLength: 97 }),
});

const GROUND_COUNT = 1200;
const OBJECT_COUNT = 800;

/** Ground in rings, then walls and cars that stand on it; intensity 1 marks what stands. */
function sceneOn({ slopeX, slopeY, heightM, noise }: Road): Points {
	const points = createPoints(GROUND_COUNT + OBJECT_COUNT);
	points.count = GROUND_COUNT + OBJECT_COUNT;
	for (let i = 0; i < points.count; i++) {
		const isObject = i >= GROUND_COUNT;
		const angle = i * 2.399963;
		const range = 3 + 35 * Math.sqrt((i % 600) / 600);
		const x = range * Math.cos(angle);
		const y = range * Math.sin(angle);
		const z = slopeX * x + slopeY * y - heightM;
		const above = isObject ? 0.45 + 2 * ((i % 41) / 41) : 0;
		const wobble = noise[i % noise.length] ?? 0;
		points.xyzi.set([x, y, z + above + wobble, isObject ? 1 : 0], 4 * i);
	}
	return points;
}

test("a tilted road is found and goes, and all that stands on it stays", () => {
	const remover = new GroundRemover({ sensorHeightM: 1.8 });
	const plane = createGroundPlane();
	fc.assert(
		fc.property(road, (one) => {
			const points = sceneOn(one);
			assert.equal(remover.find(points, plane), true);
			assert.ok(plane.supportCount > 0.95 * GROUND_COUNT);
			for (const [x, y] of [
				[0, 0],
				[20, 0],
				[0, -20],
			] as const) {
				const z = one.slopeX * x + one.slopeY * y - one.heightM;
				assert.ok(Math.abs(heightAbove(plane, x, y, z)) < 0.06);
			}
			const removed = remover.remove(points, plane);
			assert.equal(removed, GROUND_COUNT);
			assert.equal(points.count, OBJECT_COUNT);
			for (let i = 0; i < points.count; i++)
				assert.equal(points.xyzi[4 * i + 3], 1);
		}),
		{ seed: 131, numRuns: 100 },
	);
});

test("the same cloud and seed give the same plane, bit by bit", () => {
	const points = sceneOn({ slopeX: 0.02, slopeY: 0, heightM: 1.8, noise: [0] });
	const planes = [3, 3, 4].map((seed) => {
		const plane = createGroundPlane();
		new GroundRemover({ sensorHeightM: 1.8, seed }).find(points, plane);
		return plane;
	});
	assert.deepEqual(planes[0], planes[1]);
	assert.ok(Math.abs((planes[2]?.offsetM ?? 0) - 1.8) < 0.01);
});

test("walls, hills too steep, clouds too small and a road at another height are no ground, and nothing goes", () => {
	const remover = new GroundRemover({ sensorHeightM: 1.8 });
	const plane = createGroundPlane();
	const wall = createPoints(400);
	wall.count = 400;
	for (let i = 0; i < 400; i++)
		wall.xyzi.set([10, (i % 20) / 5, Math.floor(i / 20) / 5 - 1.9, 0], 4 * i);
	const low = sceneOn({ slopeX: 0, slopeY: 0, heightM: 4, noise: [0] });
	const hill = sceneOn({ slopeX: 0.3, slopeY: 0, heightM: 1.8, noise: [0] });
	for (const points of [wall, low, hill, createPoints(5)]) {
		plane.supportCount = 9;
		assert.equal(remover.find(points, plane), false);
		assert.equal(plane.supportCount, 0);
		const before = points.count;
		assert.equal(remover.remove(points, plane), 0);
		assert.equal(points.count, before);
	}
});
