import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../../common/manual-clock.ts";
import { CpuDevice } from "../../devices/cpu-device.ts";
import { DeviceManager } from "../../devices/device-manager.ts";
import { GpuDevice } from "../../devices/gpu-device.ts";
import { SimulatedDevice } from "../../devices/simulated-device.ts";
import type { InstanceGroup } from "../../repository/model-config.ts";
import { chooseDevices } from "./device-choice.ts";

const clock = new ManualClock();
const simulated = (name: string) =>
	new SimulatedDevice({ name, curveMs: { 1: 1 }, memoryBytes: 1, clock });
const gpu = (index: number) =>
	new GpuDevice(index, `GPU-${index}`, clock, () => assert.fail("not read"));
const cpus = [new CpuDevice("left", 1), new CpuDevice("right", 1)];

const group = (given: Partial<InstanceGroup>): InstanceGroup => ({
	kind: "auto",
	gpus: [],
	count: 1,
	...given,
});

const choose = (groups: readonly InstanceGroup[], manager: DeviceManager) =>
	chooseDevices(groups, manager).map(
		({ device, laneCount }) => `${device.name} ${laneCount}`,
	);

describe("the devices of a model", () => {
	const manager = new DeviceManager(
		[...cpus, simulated("sim0"), simulated("sim1")],
		{ clock },
	);

	test("are the accelerators where no group says otherwise, else the CPU", () => {
		assert.deepEqual(choose([], manager), ["sim0 0", "sim1 0"]);
		const cpuOnly = new DeviceManager(cpus, { clock });
		assert.deepEqual(choose([], cpuOnly), ["left 0", "right 0"]);
		assert.deepEqual(choose([group({ count: 2 })], cpuOnly), [
			"left 2",
			"right 2",
		]);
	});

	test("are those of the kinds and positions that groups name, with the counts summed", () => {
		assert.deepEqual(choose([group({ kind: "cpu", count: 3 })], manager), [
			"left 3",
			"right 3",
		]);
		assert.deepEqual(choose([group({ kind: "gpu", gpus: [1] })], manager), [
			"sim1 1",
		]);
		const both = [
			group({ kind: "gpu" }),
			group({ kind: "gpu", gpus: [1], count: 2 }),
			group({ kind: "cpu" }),
		];
		assert.deepEqual(choose(both, manager), [
			"sim0 1",
			"sim1 3",
			"left 1",
			"right 1",
		]);
	});

	test("that are not there fail the load, with those that are", () => {
		assert.throws(
			() => choose([group({ kind: "gpu", gpus: [0, 2] })], manager),
			{
				code: "LOAD_FAILED",
				message:
					"an instance group asks for GPU 0, 2; this server has 0 (sim0), 1 (sim1)",
			},
		);
		const cpuOnly = new DeviceManager(cpus, { clock });
		assert.throws(() => choose([group({ kind: "gpu" })], cpuOnly), /none/);
	});

	test("are GPUs by themselves only where the library has CUDA", () => {
		const devices = [...cpus, gpu(0)];
		assert.deepEqual(choose([], new DeviceManager(devices, { clock })), [
			"left 0",
			"right 0",
		]);
		assert.deepEqual(
			choose([], new DeviceManager(devices, { clock, hasCuda: true })),
			["gpu0 0"],
		);
	});

	test("may be GPUs that nothing lists, where there is no management library", () => {
		const unlisted = new DeviceManager(cpus, { clock, mayTryGpus: true });
		assert.deepEqual(choose([group({ kind: "gpu", gpus: [2] })], unlisted), [
			"gpu2 1",
		]);
	});
});

test("devices are found by position, name and UUID, and two of one name are refused", () => {
	const manager = new DeviceManager([...cpus, gpu(0)], { clock });
	assert.equal(manager.find(1)?.name, "right");
	assert.equal(manager.find("gpu0")?.device.uuid, "GPU-0");
	assert.equal(manager.find("GPU-0")?.name, "gpu0");
	assert.equal(manager.find("gpu7"), null);
	assert.equal(manager.find(9), null);
	assert.throws(
		() => new DeviceManager([...cpus, new CpuDevice("left", 1)], { clock }),
		/left, right, left/,
	);
});
