import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../common/manual-clock.ts";
import { DeviceManager } from "../../devices/device-manager.ts";
import { GpuDevice } from "../../devices/gpu-device.ts";
import type { GpuReadings } from "../../devices/nvml.ts";
import { MetricsRegistry } from "../../telemetry/registry.ts";
import { pageText } from "../../telemetry/testing/page-text.ts";
import { collectDeviceMetrics } from "./device-metrics.ts";

const READINGS: GpuReadings = {
	totalBytes: 1000,
	usedBytes: 250,
	bar1UsedBytes: 16,
	utilization: 0.5,
	powerW: null,
	powerLimitW: null,
	energyJ: null,
	temperatureC: 61,
	clockHz: null,
	throttled: null,
};

test("a GPU's memory is told by device and type, and what it does not tell has no series", async () => {
	const clock = new ManualClock();
	const told = [READINGS, { ...READINGS, bar1UsedBytes: null }];
	const gpus = told.map(
		(readings, i) => new GpuDevice(i, `GPU-${i}`, clock, async () => readings),
	);
	await Promise.all(gpus.map((gpu) => gpu.refresh()));
	const registry = new MetricsRegistry();
	collectDeviceMetrics(registry, new DeviceManager(gpus, { clock }), clock);
	const lines = pageText(registry).split("\n");
	assert.deepEqual(
		lines.filter((line) => line.startsWith("gpu_memory_used_bytes")),
		[
			'gpu_memory_used_bytes{device="gpu0",memory_type="framebuffer"} 250',
			'gpu_memory_used_bytes{device="gpu0",memory_type="bar1"} 16',
			'gpu_memory_used_bytes{device="gpu1",memory_type="framebuffer"} 250',
		],
	);
	assert.ok(lines.includes('nv_gpu_memory_used_bytes{gpu_uuid="GPU-0"} 250'));
	assert.ok(!lines.some((line) => line.startsWith("nv_gpu_power_usage{")));
});
