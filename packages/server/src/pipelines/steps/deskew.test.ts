import assert from "node:assert/strict";
import { test } from "node:test";
import { createPoints, Odometry, type Points } from "@saccade/perception";
import { NO_STREAM } from "../hosts/describe-step.ts";
import { BUILTIN_STEPS } from "./builtin-steps.ts";
import { sampleFrame } from "./samples.ts";
import { readSettings } from "./settings.ts";
import { stepMemory } from "./step.ts";

/** One point 10 m ahead, seen 40 ms after the begin of its sweep. */
function onePoint(): Points {
	const points = createPoints(1, { withTimes: true });
	points.count = 1;
	points.xyzi.set([10, 0, 0, 1]);
	points.timesS![0] = 0.04;
	return points;
}

/** Where the point would be at the middle of the sweep, 10 ms later. */
function deskewed(
	given: Readonly<Record<string, unknown>>,
	inputs: Readonly<Record<string, unknown>>,
	measuredUs: number,
): readonly number[] {
	const step = BUILTIN_STEPS.get("deskew")!;
	const read = readSettings(step.settings, { capacity: 1, ...given });
	assert.ok(read.ok);
	const runner = step.create({
		settings: read.settings,
		opening: NO_STREAM,
		...stepMemory(false),
	});
	const outputs: { points?: Points } = {};
	const points = onePoint();
	void runner.run(
		{ points, motion: null, imu: null, speed: null, ...inputs },
		outputs,
		{
			...{ deviceId: "lidar", sequence: 1, frameId: "base_link", nowUs: 0 },
			...{ measuredUs, deadlineUs: Number.POSITIVE_INFINITY },
		},
	);
	assert.deepEqual([...points.xyzi], [10, 0, 0, 1], "the input stays");
	return [...outputs.points!.xyzi.subarray(0, 3)];
}

function assertNear(got: readonly number[], expected: readonly number[]) {
	for (const [i, value] of expected.entries())
		assert.ok(
			Math.abs(got[i]! - value) < 1e-3,
			`${got} instead of ${expected}`,
		);
}

test("a sweep is de-skewed by one reading of an IMU and the speed ahead", () => {
	const imu = sampleFrame({
		kind: "imu",
		angularVelocity: [0, 0, 1],
		linearAcceleration: [0, 0, 0],
	});
	// 10 ms at 20 m/s bring it 0.2 m nearer, and a turn of 0.01 rad to the left moves it to the right.
	assertNear(
		deskewed({}, { speed: { ...sampleFrame(null), value: 20 } }, 0),
		[9.8, 0, 0],
	);
	assertNear(deskewed({}, { imu }, 0), [10, -0.1, 0]);
	assertNear(deskewed({}, {}, 0), [10, 0, 0]);
});

test("a sweep is de-skewed by the motion over it, from its stamp on or up to its stamp", () => {
	const odometry = new Odometry();
	// Stands for a second, and then drives at 20 m/s.
	odometry.addSpeed(0);
	for (let ms = 0; ms < 1000; ms += 5) odometry.addTurnRate(ms / 1000, 0);
	for (let ms = 1000; ms <= 2000; ms += 5) {
		odometry.addSpeed(20);
		odometry.addTurnRate(ms / 1000, 0);
	}
	const inputs = { motion: odometry.history };
	assertNear(deskewed({ stamped: "end" }, inputs, 1_900_000), [9.8, 0, 0]);
	assertNear(deskewed({ stamped: "begin" }, inputs, 800_000), [10, 0, 0]);
	assertNear(deskewed({ stamped: "end" }, inputs, 900_000), [10, 0, 0]);
	assertNear(deskewed({ stamped: "begin" }, inputs, 1_200_000), [9.8, 0, 0]);
});
