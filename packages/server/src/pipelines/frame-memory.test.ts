// What frames leave behind. Buffers of a frame count for the collector of their thread: some 30 MB/s of them had it look
// through the whole heap three times a second, and hold the event loop for 10 to 20 ms each time.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { getHeapStatistics } from "node:v8";
import { BEV_CHANNELS, BEV_GRID, BEV_OUTPUT_GRID } from "@saccade/perception";
import { systemClock } from "../common/clock.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ModelRun } from "./model-runner.ts";
import { sampleCloud } from "./steps/samples.ts";
import {
	declareBundled,
	openingOf,
	type ScriptedModel,
} from "./testing/declare.ts";
import { contextOf, frameOf } from "./testing/frames.ts";

const SWEEPS = 20;
const POINT_BYTES = 16;
const { rows, columns } = BEV_OUTPUT_GRID;
const OUTPUTS = { heatmap: 3, offset: 2, size: 2, yaw: 2 };
const shapeOf = (channels: number) => [1, channels, rows, columns];

/** Sees nothing; answers where it is told to. */
const blind: ScriptedModel & { readonly memories: Set<ArrayBufferLike> } = {
	memories: new Set(),
	inputs: [
		{
			...{ name: "bev", dtype: "FP32" },
			shape: [1, BEV_CHANNELS.length, BEV_GRID.rows, BEV_GRID.columns],
		},
	],
	outputs: Object.entries(OUTPUTS).map(([name, channels]) => ({
		...{ name, dtype: "FP32" as const, shape: shapeOf(channels) },
	})),
	async run({ memory }: ModelRun): Promise<readonly Tensor[]> {
		assert.ok(memory !== undefined);
		return this.outputs.map(({ name, dtype }) => {
			const shape = shapeOf(OUTPUTS[name as keyof typeof OUTPUTS]);
			const bytes = memory(
				name,
				4 * shape.reduce((product, size) => product * size),
			);
			this.memories.add(bytes.buffer);
			new Float32Array(bytes.buffer).fill(-20);
			return { name, dtype, shape, data: bytes };
		});
	},
};

describe("frames of the bundled LiDAR pipeline", { timeout: 60_000 }, () => {
	test("leave the collector nothing of their clouds and tensors, wherever their steps run", async (t) => {
		const declared = await declareBundled({ models: { bev_detector: blind } });
		t.after(() => declared.all.close());
		const sensors = ["lidar", "imu", "wheels", "planner"].map((deviceId) => ({
			...{ deviceId, frameId: "base_link", periodUs: 1e5, calibration: null },
		}));
		const processor = declared
			.pipeline("lidar")
			.open(openingOf(1, { sensors }), systemClock);
		t.after(() => processor.close());
		const { payload } = sampleCloud();
		assert.ok(payload.kind === "cloud");
		const context = () => contextOf({ nowUs: () => systemClock.nowUs() });
		const sweep = async () => {
			const measuredUs = systemClock.nowUs();
			const frame = frameOf({
				...{ deviceId: "lidar", frameId: "base_link", measuredUs },
				payload,
			});
			await processor.process(frame, context());
		};
		for (const deviceId of ["imu", "wheels"]) {
			const [angularVelocity, linearAcceleration] = [
				[0, 0, 0] as const,
				[0, 0, 9.8] as const,
			];
			const imu = { kind: "imu" as const, angularVelocity, linearAcceleration };
			await processor.process(
				frameOf({
					deviceId,
					measuredUs: systemClock.nowUs(),
					payload: deviceId === "imu" ? imu : null,
				}),
				context(),
			);
		}
		for (let i = 0; i < 3; i++) await sweep();
		let leftBytes = 0;
		let before = getHeapStatistics().external_memory;
		for (let i = 0; i < SWEEPS; i++) {
			await sweep();
			const after = getHeapStatistics().external_memory;
			// A collection in between takes away, and does not count.
			leftBytes += Math.max(0, after - before);
			before = after;
		}
		const cloudBytes = payload.bytes.length;
		assert.ok(cloudBytes >= 30_000 * POINT_BYTES);
		assert.ok(
			leftBytes < cloudBytes,
			`${SWEEPS} sweeps of ${cloudBytes} bytes left ${leftBytes}`,
		);
		assert.equal(blind.memories.size, blind.outputs.length);
	});
});
