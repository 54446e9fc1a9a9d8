// The calls are made for real, into a small library with NVML's symbols that the test compiles where there is a C
// compiler: no machine of the tests needs a GPU.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { ManualClock } from "../common/manual-clock.ts";
import { findGpus } from "./gpu-device.ts";
import { openNvml } from "./nvml.ts";

const hasCompiler = spawnSync("cc", ["--version"]).status === 0;
const skip = hasCompiler ? false : "no C compiler";

/** Three devices; the second is lost, the third tells neither power nor energy. `READS` counts memory reads. */
const SOURCE = `
#include <stdio.h>
#include <string.h>
#define NOT_SUPPORTED 3
#define GPU_IS_LOST 15
typedef struct { int number; } device;
typedef struct { unsigned long long total, free, used; } memory;
typedef struct { unsigned int gpu, memory; } utilization;
static device devices[3] = {{0}, {1}, {2}};
static unsigned int power = 70000;
int nvmlInit_v2(void) { return INIT_RESULT; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 3; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, device **out) {
	if (index == 1) return GPU_IS_LOST;
	*out = &devices[index];
	return 0;
}
int nvmlDeviceGetUUID(device *of, char *uuid, unsigned int length) {
	snprintf(uuid, length, "GPU-0000000%d-aaaa", of->number);
	return 0;
}
int nvmlDeviceGetName(device *of, char *name, unsigned int length) {
	snprintf(name, length, "Test GPU %d", of->number);
	return 0;
}
int nvmlDeviceGetMemoryInfo(device *of, memory *out) {
	out->total = 80ull << 30; out->used = 5ull << 30; out->free = 75ull << 30;
	return 0;
}
int nvmlDeviceGetBAR1MemoryInfo(device *of, memory *out) {
	if (of->number == 2) return NOT_SUPPORTED;
	out->total = 128ull << 30; out->free = 127ull << 30; out->used = 1ull << 30;
	return 0;
}
int nvmlDeviceGetUtilizationRates(device *of, utilization *out) {
	out->gpu = 37; out->memory = 99;
	return 0;
}
int nvmlDeviceGetPowerUsage(device *of, unsigned int *mw) {
	if (of->number == 2) return NOT_SUPPORTED;
	*mw = power++;
	return 0;
}
int nvmlDeviceGetEnforcedPowerLimit(device *of, unsigned int *mw) {
	if (of->number == 2) return NOT_SUPPORTED;
	*mw = 350000;
	return 0;
}
int nvmlDeviceGetTotalEnergyConsumption(device *of, unsigned long long *mj) {
	if (of->number == 2) return NOT_SUPPORTED;
	*mj = 5000000000123ull;
	return 0;
}
int nvmlDeviceGetTemperature(device *of, int sensor, unsigned int *celsius) {
	if (sensor != 0) return NOT_SUPPORTED;
	*celsius = 61;
	return 0;
}
int nvmlDeviceGetClockInfo(device *of, int type, unsigned int *mhz) {
	if (of->number == 2 || type != 1) return NOT_SUPPORTED;
	*mhz = 1980;
	return 0;
}
int nvmlDeviceGetCurrentClocksThrottleReasons(device *of, unsigned long long *reasons) {
	if (of->number == 2) return NOT_SUPPORTED;
	*reasons = 0x1 | 0x4 | 0x40;
	return 0;
}
`;

function compile(t: TestContext, initResult = 0): string {
	const directory = mkdtempSync(join(tmpdir(), "saccade-nvml-"));
	t.after(() => rmSync(directory, { recursive: true }));
	const source = join(directory, "nvml.c");
	const library = join(directory, "libnvidia-ml.so.1");
	writeFileSync(source, SOURCE.replace("INIT_RESULT", String(initResult)));
	execFileSync("cc", ["-shared", "-fPIC", "-o", library, source]);
	return library;
}

describe("NVIDIA's management library", () => {
	test("is not there: no GPUs, and no error", () => {
		assert.equal(openNvml("/nowhere/libnvidia-ml.so.1"), null);
		const clock = new ManualClock();
		const variables = { nvidia: "all", cuda: "0" };
		assert.deepEqual(findGpus(null, variables, clock).devices, []);
	});

	test("is there without a driver: the same", { skip }, (t) => {
		assert.equal(openNvml(compile(t, 9)), null);
	});

	test("is another library: the same", { skip }, (t) => {
		const directory = mkdtempSync(join(tmpdir(), "saccade-nvml-"));
		t.after(() => rmSync(directory, { recursive: true }));
		const source = join(directory, "other.c");
		const library = join(directory, "other.so");
		writeFileSync(source, "int nvmlInit_v2(void) { return 0; }");
		execFileSync("cc", ["-shared", "-fPIC", "-o", library, source]);
		assert.equal(openNvml(library), null);
	});

	test("names the GPUs that answer, and what each tells", {
		skip,
	}, async (t) => {
		const nvml = openNvml(compile(t));
		assert.ok(nvml !== null);
		assert.deepEqual(nvml.gpus, [
			{ index: 0, uuid: "GPU-00000000-aaaa", name: "Test GPU 0" },
			{ index: 2, uuid: "GPU-00000002-aaaa", name: "Test GPU 2" },
		]);
		assert.deepEqual(await nvml.read(0), {
			totalBytes: 80 * 2 ** 30,
			usedBytes: 5 * 2 ** 30,
			bar1UsedBytes: 2 ** 30,
			utilization: 0.37,
			powerW: 70,
			powerLimitW: 350,
			energyJ: 5000000000.123,
			temperatureC: 61,
			clockHz: 1_980_000_000,
			throttled: { "power-cap": true, hardware: true, thermal: false },
		});
		const { powerW, powerLimitW, energyJ, temperatureC, clockHz, throttled } =
			await nvml.read(2);
		assert.deepEqual([powerW, powerLimitW, energyJ], [null, null, null]);
		assert.deepEqual([temperatureC, clockHz, throttled], [61, null, null]);
		nvml.close();
		nvml.close();
	});

	test("a GPU is read anew by whoever asks after half a second, and nobody waits for it", {
		skip,
	}, async (t) => {
		const nvml = openNvml(compile(t));
		assert.ok(nvml !== null);
		const clock = new ManualClock();
		// Numbered as CUDA does.
		const variables = { nvidia: undefined, cuda: "2,0" };
		const [first, second] = findGpus(nvml, variables, clock).devices;
		assert.equal(first?.uuid, "GPU-00000002-aaaa");
		assert.equal(first.cudaIndex, 0);
		assert.equal(second?.memory(), null);
		await second.refresh();
		assert.deepEqual(second.memory(), {
			totalBytes: 80 * 2 ** 30,
			usedBytes: 5 * 2 ** 30,
		});
		assert.equal(second.utilization(), 0.37);
		const powerW = second.readings()?.powerW;
		assert.equal(second.readings()?.powerW, powerW);
		clock.advance(600_000);
		assert.equal(second.readings()?.powerW, powerW);
		await second.refresh();
		assert.notEqual(second.readings()?.powerW, powerW);
		await first.refresh();
		nvml.close();
	});
});
