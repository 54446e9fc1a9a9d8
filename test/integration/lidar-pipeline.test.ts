// models/pipelines/lidar.yaml on a simulated sweep: the network sees what it was trained on, and its boxes become tracks.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LIDAR_MOUNT, mountTransform, Simulation } from "@saccade/drive";
import {
	BEV_INPUT_SHAPE,
	BEV_OUTPUT_SIZES,
	BevInput,
	createPoints,
	createSweepMotion,
} from "@saccade/perception";
import type { ModelRun } from "../../packages/server/src/pipelines/model-runner.ts";
import { float32Of } from "../../packages/server/src/pipelines/steps/step.ts";
import {
	declare,
	openingOf,
} from "../../packages/server/src/pipelines/testing/declare.ts";
import {
	contextOf,
	frameOf,
} from "../../packages/server/src/pipelines/testing/frames.ts";

const FILE = join(import.meta.dirname, "../../models/pipelines/lidar.yaml");
const CHANNELS = { heatmap: 3, offset: 2, size: 2, yaw: 2 } as const;
const NAMES = ["heatmap", "offset", "size", "yaw"] as const;

const outputs = NAMES.map((name) => ({
	...{ name, dtype: "FP32" as const },
	shape: [1, CHANNELS[name], 80, 80],
}));

/** Logits of nothing, and a car 20 m ahead. */
function answer() {
	return outputs.map(({ name, dtype, shape }) => {
		const values = new Float32Array(BEV_OUTPUT_SIZES[name]);
		if (name === "heatmap") {
			values.fill(-10);
			values[40 * 80 + 41] = 5;
		}
		return { name, dtype, shape, data: new Uint8Array(values.buffer) };
	});
}

test("the bundled LiDAR pipeline draws what the detector was trained on, and decides about its boxes", {
	timeout: 60_000,
}, async (t) => {
	const runs: Float32Array[] = [];
	const model = {
		inputs: [
			{ name: "bev", dtype: "FP32" as const, shape: [-1, ...BEV_INPUT_SHAPE] },
		],
		outputs: outputs.map((one) => ({
			...one,
			shape: [-1, ...one.shape.slice(1)],
		})),
		run: async ({ inputs }: ModelRun) => {
			runs.push(float32Of(inputs[0]!).slice());
			return answer();
		},
	};
	const declared = await declare(readFileSync(FILE, "utf8"), {
		models: { bev_detector: model },
	});
	t.after(() => declared.all.close());
	const simulation = new Simulation({ seed: 7 });
	for (let i = 0; i < 1000; i++) simulation.step(0);
	const points = createPoints(100_000, { withTimes: true });
	simulation.sweep(points);
	assert.ok(points.count > 1000, `${points.count} points`);
	const rows = new Float32Array(5 * points.count);
	for (let i = 0; i < points.count; i++) {
		rows.set(points.xyzi.subarray(4 * i, 4 * i + 4), 5 * i);
		rows[5 * i + 4] = points.timesS![i]!;
	}
	const field = (name: string, offsetBytes: number) =>
		({ name, offsetBytes, type: "float32", elementCount: 1 }) as const;
	const names = ["x", "y", "z", "intensity", "time"];
	const sensor = (deviceId: string) => ({
		...{ deviceId, frameId: deviceId, periodUs: 100_000, calibration: null },
	});
	const processor = declared.pipeline("lidar").open(
		openingOf(1, {
			sensors: ["lidar", "imu", "speed"].map(sensor),
			transforms: [
				{
					...{ parentFrameId: "base_link", childFrameId: "lidar" },
					translation: [LIDAR_MOUNT.aheadM, 0, LIDAR_MOUNT.heightM],
					rotation: [0, 0, 0, 1],
				},
			],
		}),
	);
	const actions: (string | undefined)[] = [];
	for (let i = 0; i < 4; i++) {
		const measuredUs = 100_000 * (i + 1);
		const result = await processor.process(
			frameOf({
				...{ deviceId: "lidar", frameId: "lidar", measuredUs },
				payload: {
					kind: "cloud",
					layout: {
						...{ kind: "packed", strideBytes: 20 },
						fields: names.map((name, at) => field(name, 4 * at)),
					},
					bytes: new Uint8Array(rows.buffer),
				},
			}),
			contextOf({
				companions: [
					frameOf({ deviceId: "speed", value: 12, measuredUs }),
					frameOf({
						...{ deviceId: "imu", measuredUs },
						payload: {
							kind: "imu",
							angularVelocity: [0, 0, 0.1],
							linearAcceleration: [0, 0, 0],
						},
					}),
				],
			}),
		);
		actions.push(result.decision?.action);
		assert.equal(result.stages.length, 9);
	}
	const expected = new Float32Array(runs[0]!.length);
	const motion = createSweepMotion();
	motion.angularZRadps = 0.1;
	motion.velocityXMps = 12;
	const mount = mountTransform(LIDAR_MOUNT);
	new BevInput().draw(points, { motion, mount, referenceS: 0.05 }, expected);
	assert.deepEqual(runs[0], expected);
	// A car that keeps its distance is confirmed with the third sweep.
	assert.deepEqual(actions.slice(0, 2), ["keep", "keep"]);
	processor.close();
});
