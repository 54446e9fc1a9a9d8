import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../random.ts";
import { createPose } from "./pose.ts";
import { Road } from "./road.ts";

test("a road goes on as its curvature says, never tighter than 60 m, and does not turn back", () => {
	const before = createPose();
	const after = createPose();
	for (let seed = 1; seed <= 40; seed++) {
		const road = new Road(new Random(seed), -100, 500);
		for (let alongM = -100; alongM < 498; alongM += 3) {
			road.poseAt(alongM, 0, before);
			road.poseAt(alongM + 2, 0, after);
			const stepM = Math.hypot(after.xM - before.xM, after.yM - before.yM);
			assert.ok(Math.abs(stepM - 2) < 0.01, `${stepM} m at ${alongM}`);
			const curvature = road.curvatureAt(alongM + 1);
			assert.ok(Math.abs(curvature) <= 1 / 60 + 1e-9, `${curvature}`);
			const turn = after.yawRad - before.yawRad;
			assert.ok(Math.abs(turn - 2 * curvature) < 2e-3, `${turn} ${curvature}`);
			assert.ok(Math.abs(after.yawRad) < 1.6, `heading ${after.yawRad}`);
		}
	}
});

test("an offset is to the left, at a right angle", () => {
	const road = new Road(new Random(5), 0, 300);
	const middle = createPose();
	const left = createPose();
	for (let alongM = 0; alongM <= 300; alongM += 10.5) {
		road.poseAt(alongM, 0, middle);
		road.poseAt(alongM, 3, left);
		const dx = left.xM - middle.xM;
		const dy = left.yM - middle.yM;
		assert.ok(Math.abs(Math.hypot(dx, dy) - 3) < 1e-9);
		const ahead = Math.cos(middle.yawRad) * dx + Math.sin(middle.yawRad) * dy;
		assert.ok(Math.abs(ahead) < 1e-9);
	}
});

test("beyond its ends a road is straight", () => {
	const road = new Road(new Random(5), 0, 50);
	const a = createPose();
	const b = createPose();
	road.poseAt(50, 1, a);
	road.poseAt(90, 1, b);
	assert.ok(Math.abs(Math.hypot(b.xM - a.xM, b.yM - a.yM) - 40) < 1e-9);
	assert.equal(b.yawRad, a.yawRad);
	assert.equal(road.curvatureAt(90), 0);
});
