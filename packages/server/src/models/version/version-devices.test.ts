import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../../common/manual-clock.ts";
import { CpuDevice } from "../../devices/cpu-device.ts";
import { LogicalDevice } from "../../devices/device-manager.ts";
import { parseConfigText } from "../../repository/config-text.ts";
import { resolveConfig } from "../../repository/resolve-config.ts";
import { loadEcho } from "../testing/fake-session.ts";
import { ModelInstance } from "./model-instance.ts";
import { VersionDevices } from "./version-devices.ts";

/** @param names of the device of each instance */
async function setUp(...names: string[]) {
	const clock = new ManualClock();
	const session = await loadEcho();
	const { message } = parseConfigText('backend: "fake"', "the test's");
	const config = resolveConfig(message, session, {
		name: "echo",
		autoComplete: true,
		defaultMaxBatchSize: 8,
		defaultInstanceCount: 1,
	});
	const byName = new Map<string, LogicalDevice>();
	for (const name of names)
		byName.set(name, new LogicalDevice(new CpuDevice(name, 2), clock));
	const instanceOn = (name: string, threadCount: number) =>
		new ModelInstance({
			device: byName.get(name)!,
			session,
			laneCount: 1,
			threadCount,
			config,
			clock,
		});
	const devices = new VersionDevices(
		names.map((name, index) => instanceOn(name, index + 1)),
	);
	const inUse: boolean[] = [];
	let isAvailable = false;
	const follow = () =>
		devices.follow({
			setDevice: (index, taken) => {
				inUse[index] = taken;
			},
			setAvailable: (available) => {
				isAvailable = available;
			},
			wake: () => {},
		});
	const told = () => ({ inUse: [...inUse], isAvailable });
	return { devices, byName, instanceOn, clock, follow, told };
}

describe("who schedules a version is told which of its devices take batches", () => {
	test("all that are healthy, from the beginning and after each change", async () => {
		const { follow, told, byName } = await setUp("a", "b");
		follow();
		assert.deepEqual(told(), { inUse: [true, true], isAvailable: true });
		const b = byName.get("b")!;
		b.health.addProbe({ run: () => {}, limitUs: () => 1000 });
		b.health.runLost("hung");
		assert.deepEqual(told(), { inUse: [true, false], isAvailable: true });
	});

	test("while one is warmed it alone, and then all again", async () => {
		const { devices, follow, told } = await setUp("a", "b");
		follow();
		devices.warmOnly(1);
		assert.deepEqual(told().inUse, [false, true]);
		devices.warmOnly(null);
		assert.deepEqual(told().inUse, [true, true]);
	});

	test("of two layouts of one device the one in use", async () => {
		const { devices, follow, told } = await setUp("a", "a");
		follow();
		assert.equal(devices.hasSeveral, false);
		assert.equal(devices.placement, devices.layouts);
		assert.deepEqual(told().inUse, [true, false]);
	});

	test("that none is available once the last one's probe is silent", async () => {
		const { follow, told, byName, clock } = await setUp("a");
		follow();
		const { health } = byName.get("a")!;
		health.addProbe({ run: () => {}, limitUs: () => 1000 });
		health.runLost("hung");
		assert.deepEqual(told(), { inUse: [false], isAvailable: true });
		clock.advance(1000);
		assert.deepEqual(told(), { inUse: [false], isAvailable: false });
	});

	test("nothing any more when it has left them", async () => {
		const { devices, follow, told, byName } = await setUp("a");
		follow();
		await devices.leave();
		const { health } = byName.get("a")!;
		health.addProbe({ run: () => {}, limitUs: () => 1000 });
		health.runLost("hung");
		assert.deepEqual(told(), { inUse: [true], isAvailable: true });
	});
});

test("one device needs no placement, and decides by its own times", async () => {
	const { devices } = await setUp("a");
	assert.equal(devices.placement, null);
	assert.equal(devices.times, devices.instances[0]!.cost);
});

test("what was not run here is believed to take what it takes on the same device there", async () => {
	const { devices: old, instanceOn } = await setUp("a", "a");
	const next = new VersionDevices([instanceOn("a", 1), instanceOn("a", 7)]);
	for (const { cost } of old.instances) {
		cost.observe(1, 100, 0);
		cost.observe(8, 400, 0);
	}
	for (const { cost } of next.instances) cost.observe(1, 200, 0);
	next.inheritTimes(old);
	// Twice as slow as there; and in proportion to its own, where nothing is alike.
	assert.deepEqual(
		next.instances.map(({ cost }) => cost.likelyUs(8)),
		[800, 1600],
	);
});
