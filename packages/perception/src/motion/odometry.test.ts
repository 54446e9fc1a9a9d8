import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createSweepMotion } from "../clouds/deskew.ts";
import { uniform } from "../testing/uniform.ts";
import { Odometry } from "./odometry.ts";
import { createOdometryPose } from "./pose-history.ts";

/** Steady motion from (0, 0) at 0 s, 200 samples a second. */
function driven(
	speedMps: number,
	yawRateRadps: number,
	untilS: number,
): Odometry {
	const odometry = new Odometry();
	odometry.addSpeed(speedMps);
	for (let i = 0; i <= 200 * untilS; i++)
		odometry.addTurnRate(i / 200, yawRateRadps);
	return odometry;
}

test("a steady turn is an arc, at each instant that is kept", () => {
	fc.assert(
		fc.property(
			uniform(0, 20),
			uniform(-0.5, 0.5),
			uniform(0, 1),
			(speedMps, yawRateRadps, atS) => {
				fc.pre(Math.abs(yawRateRadps) > 0.01);
				const pose = createOdometryPose();
				assert.ok(driven(speedMps, yawRateRadps, 1).poseAt(atS, pose));
				const radius = speedMps / yawRateRadps;
				const angle = yawRateRadps * atS;
				assert.ok(Math.abs(pose.xM - radius * Math.sin(angle)) < 1e-3);
				assert.ok(Math.abs(pose.yM - radius * (1 - Math.cos(angle))) < 1e-3);
				assert.ok(Math.abs(pose.yawRad - angle) < 1e-9);
			},
		),
		{ seed: 71, numRuns: 100 },
	);
});

test("beyond the newest sample the motion goes on, before the oldest nothing is known", () => {
	const odometry = driven(10, 0.2, 4);
	const pose = createOdometryPose();
	assert.ok(odometry.poseAt(4.1, pose));
	assert.ok(Math.abs(pose.yawRad - 0.82) < 1e-9);
	assert.ok(Math.abs(pose.xM - 50 * Math.sin(0.82)) < 0.01);
	assert.equal(odometry.poseAt(1, pose), false, "only 2.5 s are kept");
	assert.equal(new Odometry().poseAt(0, pose), false);
});

test("the motion over a sweep is the mean of what was measured", () => {
	const motion = createSweepMotion();
	driven(12, -0.3, 2).motionOver(1.5, 1.6, motion);
	assert.ok(Math.abs(motion.velocityXMps - 12) < 0.01);
	assert.ok(Math.abs(motion.angularZRadps + 0.3) < 1e-9);
	motion.velocityXMps = 5;
	new Odometry().motionOver(0, 0.1, motion);
	assert.equal(motion.velocityXMps, 0);
});

test("samples that are late, twice there or no numbers change nothing", () => {
	const odometry = driven(10, 0, 1);
	const before = createOdometryPose();
	const after = createOdometryPose();
	odometry.poseAt(1, before);
	odometry.addTurnRate(0.5, 3);
	odometry.addTurnRate(1, 3);
	odometry.addTurnRate(1.1, Number.NaN);
	odometry.addTurnRate(Number.NaN, 1);
	odometry.addSpeed(Number.POSITIVE_INFINITY);
	odometry.poseAt(1, after);
	assert.deepEqual(after, before);
	assert.equal(odometry.timeS, 1);
});

test("a gyroscope that was silent for long is not made up for", () => {
	const odometry = driven(10, 0.5, 1);
	odometry.addTurnRate(3, 0.5);
	const pose = createOdometryPose();
	odometry.poseAt(3, pose);
	assert.ok(Math.abs(pose.yawRad - 0.5) < 1e-9, `${pose.yawRad}`);
});

test("wheels that stand stand at once; their noise is smoothed", () => {
	const odometry = driven(10, 0, 0.5);
	odometry.addSpeed(10.4);
	odometry.addTurnRate(0.51, 0);
	const pose = createOdometryPose();
	odometry.poseAt(0.51, pose);
	assert.ok(Math.abs(pose.speedMps - 10.2) < 1e-9);
	odometry.addSpeed(0);
	odometry.addTurnRate(0.52, 0);
	odometry.poseAt(0.52, pose);
	assert.equal(pose.speedMps, 0);
});
