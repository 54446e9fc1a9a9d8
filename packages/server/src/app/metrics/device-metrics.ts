// Gauges of every device, set when they are read; Triton's names for GPUs that the driver tells about.
import type { Clock } from "../../common/clock.ts";
import type { LossReason } from "../../devices/device-health.ts";
import type {
	DeviceManager,
	LogicalDevice,
} from "../../devices/device-manager.ts";
import { GpuDevice } from "../../devices/gpu-device.ts";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type { MetricsRegistry } from "../../telemetry/registry.ts";
import { collectHostMemory } from "./host-memory-metrics.ts";

const US_TO_S = 1e-6;
const STATES = ["healthy", "probing", "lost"] as const;

export function collectDeviceMetrics(
	registry: MetricsRegistry,
	{ devices }: DeviceManager,
	clock: Clock,
): void {
	for (const { name, health } of devices) {
		const losses = (because: LossReason) =>
			registry.counter(INSTRUMENTS.deviceLosses, [name, because]);
		losses("failed");
		losses("hung");
		health.onChange((state, before) => {
			if (before.kind === "healthy" && state.kind !== "healthy")
				losses(state.because).add();
		});
	}
	void collectHostMemory(registry, devices);
	registry.onCollect(() => {
		for (const device of devices) {
			setDevice(registry, device, clock.nowUs());
			if (device.device instanceof GpuDevice) setGpu(registry, device.device);
		}
	});
}

function setDevice(
	registry: MetricsRegistry,
	logical: LogicalDevice,
	nowUs: number,
): void {
	const { name, device, health, load } = logical;
	const gauge = (instrument: keyof typeof INSTRUMENTS) =>
		registry.counter(INSTRUMENTS[instrument], [name]);
	for (const state of STATES)
		registry.counter(INSTRUMENTS.deviceState, [name, state]).value =
			health.state.kind === state ? 1 : 0;
	gauge("deviceBusy").value = load.totalUs(nowUs) * US_TO_S;
	gauge("deviceRunning").value = load.running;
	gauge("deviceLoad").value = logical.score();
	const memory = device.memory();
	if (memory === null) return;
	gauge("deviceMemoryTotal").value = memory.totalBytes;
	gauge("deviceMemoryUsed").value = memory.usedBytes;
}

function setGpu(registry: MetricsRegistry, gpu: GpuDevice): void {
	const readings = gpu.readings();
	if (readings === null || gpu.uuid === null) return;
	const byType = {
		framebuffer: readings.usedBytes,
		bar1: readings.bar1UsedBytes,
	};
	for (const [type, bytes] of Object.entries(byType))
		if (bytes !== null)
			registry.counter(INSTRUMENTS.gpuMemoryUsedByType, [
				gpu.name,
				type,
			]).value = bytes;
	const values = {
		gpuUtilization: readings.utilization,
		gpuMemoryTotal: readings.totalBytes,
		gpuMemoryUsed: readings.usedBytes,
		gpuPowerUsage: readings.powerW,
		gpuPowerLimit: readings.powerLimitW,
		gpuEnergy: readings.energyJ,
		gpuTemperature: readings.temperatureC,
		gpuClock: readings.clockHz,
	};
	for (const [name, value] of Object.entries(values))
		if (value !== null)
			registry.counter(INSTRUMENTS[name as keyof typeof values], [
				gpu.uuid,
			]).value = value;
	for (const [because, isSo] of Object.entries(readings.throttled ?? {}))
		registry.counter(INSTRUMENTS.gpuThrottled, [gpu.uuid, because]).value = isSo
			? 1
			: 0;
}
