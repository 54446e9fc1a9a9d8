import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../random.ts";
import { clearWorld, straightRoad } from "../testing/scene.ts";
import { createAgent } from "./agent.ts";
import { footprintsOverlap } from "./rectangles.ts";
import { pedestrianShape } from "./shapes.ts";
import { createWorld, WORLD_STEP_S, World } from "./world.ts";

const snapshot = (world: World) =>
	world.agents.map(({ pose, velocityXMps, velocityYMps }) => [
		pose.xM,
		pose.yM,
		pose.yawRad,
		velocityXMps,
		velocityYMps,
	]);

test("a seed tells everything, bit for bit", () => {
	const first = createWorld(42);
	const second = createWorld(42);
	assert.deepEqual(first.weather, second.weather);
	for (let i = 0; i < 500; i++) {
		first.step(null);
		second.step(null);
	}
	assert.deepEqual(snapshot(first), snapshot(second));
	assert.notDeepEqual(snapshot(createWorld(43)), snapshot(createWorld(42)));
});

test("nobody passes through anybody", () => {
	for (let seed = 1; seed <= 25; seed++) {
		const world = createWorld(seed);
		for (let step = 0; step < 1000; step++) {
			world.step(null);
			if (step % 10 !== 0) continue;
			for (const [i, a] of world.agents.entries()) {
				if (a.motion.kind === "still") continue;
				for (const [j, b] of world.agents.entries()) {
					if (i === j) continue;
					assert.ok(
						!footprintsOverlap(a.footprint, b.footprint),
						`seed ${seed}, ${step * WORLD_STEP_S} s: ${a.motion.kind} ${i} and ${b.motion.kind} ${j}`,
					);
				}
			}
		}
	}
});

test("streets have everybody in them: those who drive, ride, walk and cross, and what looks like them", () => {
	const seen = new Map<string, number>();
	for (let seed = 1; seed <= 20; seed++)
		for (const { shape, motion } of createWorld(seed).agents) {
			const key = `${shape.kind} ${motion.kind}`;
			seen.set(key, (seen.get(key) ?? 0) + 1);
		}
	for (const key of [
		"car lane",
		"car still",
		"cyclist lane",
		"pedestrian pavement",
		"pedestrian still",
		"pedestrian crossing",
		"clutter still",
	])
		assert.ok((seen.get(key) ?? 0) >= 20, `${key}: ${seen.get(key)}`);
});

test("who crosses does not walk into a vehicle that stands, and goes on when it is gone", () => {
	const { weather } = clearWorld();
	const shape = pedestrianShape(new Random(1));
	const walker = createAgent(0, shape, {
		kind: "crossing",
		alongM: 2,
		offsetM: -6,
		toOffsetM: 8,
		wishMps: 1.4,
		startsAtS: 0,
		speedMps: 0,
	});
	const world = new World({
		road: straightRoad(),
		agents: [walker],
		weather,
		cruiseMps: 10,
	});
	const vehicle = {
		footprint: {
			pose: { xM: 1, yM: -1.75, yawRad: 0 },
			lengthM: 4.6,
			widthM: 1.85,
		},
		alongM: -1,
		speedMps: 0,
	};
	for (let i = 0; i < 500; i++) world.step(vehicle);
	assert.ok(walker.pose.yM < -2.6, `stands at ${walker.pose.yM}`);
	assert.ok(!footprintsOverlap(walker.footprint, vehicle.footprint));
	for (let i = 0; i < 600; i++) world.step(null);
	assert.ok(Math.abs(walker.pose.yM - 8) < 0.1, `arrived at ${walker.pose.yM}`);
});

test("who has waited at the edge lets a vehicle pass that is near, who comes walking does not", () => {
	const edgeM = 4.1;
	const offsetAfter = (fromM: number, startsAtS: number) => {
		const walker = createAgent(0, pedestrianShape(new Random(1)), {
			kind: "crossing",
			alongM: 20,
			offsetM: fromM,
			toOffsetM: -8,
			wishMps: 1.4,
			startsAtS,
			speedMps: 0,
		});
		const world = new World({
			road: straightRoad(),
			agents: [walker],
			weather: clearWorld().weather,
			cruiseMps: 10,
		});
		const pose = { xM: 0, yM: -1.75, yawRad: 0 };
		const footprint = { pose, lengthM: 4.6, widthM: 1.85 };
		for (let i = 0; i < 100; i++)
			world.step({ footprint, alongM: 0, speedMps: 12 });
		return walker.pose.yM;
	};
	// Its first step would be onto the carriageway: it has stood there before.
	assert.ok(offsetAfter(4.02, 0) > 4, "waits");
	assert.ok(offsetAfter(edgeM + 0.5, 0) < 3, "walks on");
});
