import { CpuDevice } from "../../packages/server/src/devices/cpu-device.ts";
import { GpuDevice } from "../../packages/server/src/devices/gpu-device.ts";
import { SimulatedDevice } from "../../packages/server/src/devices/simulated-device.ts";
import { testDevice } from "./suite.ts";

testDevice({ name: "cpu", create: () => new CpuDevice("cpu", 2) });

testDevice({
	name: "simulated",
	create: (clock) => {
		const device = new SimulatedDevice({
			name: "sim0",
			curveMs: { 1: 23.8, 8: 38 },
			memoryBytes: 1000,
			clock,
		});
		device.claim(400);
		return device;
	},
});

testDevice({
	name: "gpu, as its driver tells",
	create: (clock) =>
		new GpuDevice(0, "GPU-1234", clock, async () => ({
			totalBytes: 80 * 2 ** 30,
			usedBytes: 5 * 2 ** 30,
			bar1UsedBytes: null,
			utilization: 0.37,
			powerW: 70,
			powerLimitW: 350,
			energyJ: 12,
			temperatureC: 61,
			clockHz: 1.98e9,
			throttled: null,
		})),
});

testDevice({
	name: "gpu that nobody tells about",
	create: (clock) => new GpuDevice(3, null, clock, null),
});
