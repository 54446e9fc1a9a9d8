import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../common/clock.ts";
import { ManualClock } from "../common/manual-clock.ts";
import { resolveQos } from "./qos.ts";
import { SensorRegistry } from "./sensor-registry.ts";

const PLAIN = resolveQos({});
const MS = 1000;

/** A registry whose events are kept as `at kind count`. */
function watched() {
	const clock = new ManualClock();
	const log: string[] = [];
	const registry = new SensorRegistry(clock, ({ kind, deviceId, count }) =>
		log.push(`${clock.nowUs() / MS} ${deviceId} ${kind} ${count}`),
	);
	return { clock, log, registry };
}

test("a sensor that keeps its rhythm is seen, and nothing is told", () => {
	const { clock, log, registry } = watched();
	registry.registerSensor("lidar", 100 * MS, PLAIN);
	const sensor = registry.use("lidar", Number.POSITIVE_INFINITY, PLAIN);
	for (let i = 0; i < 50; i++) {
		clock.advance(100 * MS);
		sensor.seen(clock.nowUs());
	}
	const [status] = registry.statuses();
	assert.deepEqual(log, []);
	assert.equal(status?.received, 50);
	assert.equal(status?.lastSeenUs, 5000 * MS);
	assert.equal(status?.observedPeriodUs, 100 * MS);
	assert.equal(status?.missedPeriods, 0);
});

test("missed periods are told half a period late, then ever more rarely, and every one is counted", () => {
	const { clock, log, registry } = watched();
	registry.registerSensor("lidar", 100 * MS, PLAIN);
	const sensor = registry.use("lidar", Number.POSITIVE_INFINITY, PLAIN);
	clock.advance(100 * MS);
	sensor.seen(clock.nowUs());
	clock.advance(1600 * MS);
	assert.deepEqual(log, [
		"250 lidar missed-period 1",
		"350 lidar missed-period 1",
		"550 lidar missed-period 2",
		"950 lidar missed-period 4",
	]);
	sensor.seen(clock.nowUs());
	clock.advance(150 * MS);
	assert.equal(log.at(-1), "1850 lidar missed-period 1");
	assert.equal(registry.statuses()[0]?.missedPeriods, 9);
});

test("a sensor that never comes is missed from its registration on", () => {
	const { clock, log, registry } = watched();
	registry.registerSensor("lidar", 100 * MS, PLAIN);
	clock.advance(150 * MS);
	assert.deepEqual(log, ["150 lidar missed-period 1"]);
});

test("the profile's deadline tells of a missing frame where no period does", () => {
	const { clock, log, registry } = watched();
	const qos = resolveQos({ deadlineUs: 40 * MS });
	registry.registerSensor("radar", Number.POSITIVE_INFINITY, qos);
	clock.advance(40 * MS);
	assert.deepEqual(log, ["40 radar missed-period 1"]);
});

test("liveliness is lost with the lease and gained with any sign of life", () => {
	const { clock, log, registry } = watched();
	const qos = resolveQos({ livelinessLeaseUs: 500 * MS });
	registry.registerSensor("imu", Number.POSITIVE_INFINITY, qos);
	const sensor = registry.use("imu", Number.POSITIVE_INFINITY, PLAIN);
	clock.advance(400 * MS);
	sensor.alive(clock.nowUs());
	clock.advance(499 * MS);
	assert.deepEqual(log, []);
	clock.advance(1 * MS);
	assert.equal(registry.statuses()[0]?.isAlive, false);
	clock.advance(1000 * MS);
	sensor.alive(clock.nowUs());
	assert.deepEqual(log, [
		"900 imu liveliness-lost 1",
		"1900 imu liveliness-gained 1",
	]);
	assert.equal(registry.statuses()[0]?.isAlive, true);
});

test("a device that sends faster than it said is told once, with what it does", () => {
	const { clock, log, registry } = watched();
	registry.registerSensor("camera", 100 * MS, PLAIN);
	const sensor = registry.use("camera", Number.POSITIVE_INFINITY, PLAIN);
	for (let i = 0; i < 200; i++) {
		clock.advance(10 * MS);
		sensor.seen(clock.nowUs());
	}
	assert.equal(log.length, 1);
	assert.match(log[0] ?? "", /camera too-fast/);
	assert.equal(registry.statuses()[0]?.observedPeriodUs, 10 * MS);
});

test("registering again changes the rhythm; what is not known cannot be unregistered", () => {
	const { clock, log, registry } = watched();
	registry.registerSensor("a", 100 * MS, PLAIN);
	registry.registerSensor("a", 1000 * MS, PLAIN);
	clock.advance(1400 * MS);
	assert.deepEqual(log, []);
	assert.equal(registry.size, 1);
	registry.unregisterSensor("a");
	clock.advance(10_000 * MS);
	assert.deepEqual(log, []);
	assert.equal(clock.pendingCount <= 1, true);
	assert.throws(() => registry.unregisterSensor("a"), { code: "NOT_FOUND" });
	for (const id of ["", "x".repeat(257)])
		assert.throws(() => registry.registerSensor(id, 1, PLAIN), {
			code: "INVALID_ARGUMENT",
		});
	assert.throws(() => registry.registerSensor("b", 0, PLAIN), {
		code: "INVALID_ARGUMENT",
	});
});

test("ten thousand silent sensors cost one timer and a bounded number of events", () => {
	const { clock, log, registry } = watched();
	for (let i = 0; i < 10_000; i++)
		registry.registerSensor(`s${i}`, 100 * MS, PLAIN);
	assert.equal(clock.pendingCount, 1);
	clock.advance(10_000 * MS);
	// Each is told at 1, 2, 4, 8, 16, 32 and 64 missing frames.
	assert.equal(log.length, 70_000);
	registry.close();
	assert.equal(clock.pendingCount, 0);
});

test("sensors that keep their rhythm share their wake-ups, however many they are", () => {
	const clock = new ManualClock();
	let wakeUps = 0;
	const counting: Clock = {
		nowUs: () => clock.nowUs(),
		at: (atUs, callback) =>
			clock.at(atUs, () => {
				wakeUps++;
				callback();
			}),
	};
	const log: string[] = [];
	const registry = new SensorRegistry(counting, ({ kind }) => log.push(kind));
	const periodsMs = Array.from({ length: 200 }, (_, i) => 1000 + 37 * i);
	const sensors = periodsMs.map((periodMs, i) => {
		registry.registerSensor(`s${i}`, periodMs * MS, PLAIN);
		return registry.use(`s${i}`, Number.POSITIVE_INFINITY, PLAIN);
	});
	// Some 60 readings a second, each at its own instant.
	for (let atMs = 0; atMs < 60_000; atMs++) {
		for (const [i, periodMs] of periodsMs.entries())
			if (atMs % periodMs === i % periodMs) sensors[i]!.seen(clock.nowUs());
		clock.advance(1 * MS);
	}
	assert.deepEqual(log, []);
	// Of 3,000 readings. A sensor of 1 s that was just seen is silent 1.5 s later, one that is due half a second later.
	assert.ok(wakeUps <= 2 * 60 + 1, `${wakeUps} wake-ups in a minute`);
	registry.close();
});
