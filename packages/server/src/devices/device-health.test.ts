import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../common/manual-clock.ts";
import { DeviceHealth } from "./device-health.ts";

function setUp() {
	const clock = new ManualClock();
	const health = new DeviceHealth(clock);
	const log: string[] = [];
	const probes: ((isAnswered: boolean) => void)[] = [];
	health.onChange((state) =>
		log.push(
			state.kind === "lost"
				? `lost until ${state.retryAtUs / 1000}`
				: state.kind,
		),
	);
	const remove = health.addProbe({
		limitUs: () => 50_000,
		run: (done) => probes.push(done),
	});
	const answer = (isAnswered: boolean) => probes.shift()?.(isAnswered);
	return { clock, health, log, probes, answer, remove };
}

describe("a device whose run was lost", () => {
	test("is out of use at once, and back when a probe is answered", () => {
		const { health, log, answer, clock } = setUp();
		health.runLost("failed");
		assert.equal(health.isHealthy, false);
		answer(true);
		assert.deepEqual(log, ["probing", "healthy"]);
		assert.equal(clock.pendingCount, 0);
	});

	test("is probed less and less often while probes fail", () => {
		const { health, log, answer, clock } = setUp();
		health.runLost("failed");
		const waitsMs = [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000];
		let atMs = 0;
		for (const waitMs of waitsMs) {
			answer(false);
			atMs += waitMs;
			assert.equal(log.at(-1), `lost until ${atMs}`);
			clock.advance(waitMs * 1000);
			assert.equal(log.at(-1), "probing");
		}
		answer(true);
		assert.equal(health.isHealthy, true);
	});

	test("whose probe is silent waits, with no second probe beside it", () => {
		const { health, log, answer, clock, probes } = setUp();
		health.runLost("hung");
		clock.advance(50_000);
		assert.deepEqual(log, ["probing", "lost until 150"]);
		clock.advance(60_000_000);
		assert.equal(probes.length, 1);
		assert.equal(health.isHealthy, false);
		// The first one returns at last: whether the device is quick again, another tells.
		answer(true);
		assert.equal(health.isHealthy, false);
		answer(true);
		assert.equal(health.isHealthy, true);
	});

	test("is not lost twice", () => {
		const { health, log, probes } = setUp();
		health.runLost("hung");
		health.runLost("failed");
		assert.deepEqual(log, ["probing"]);
		assert.equal(probes.length, 1);
	});

	test("is used again when no model is there to tell", () => {
		const { health, remove } = setUp();
		remove();
		health.runLost("failed");
		assert.equal(health.isHealthy, true);
	});
});

test("after close nothing happens, and no timer stays", () => {
	const { health, clock, answer, log } = setUp();
	health.runLost("hung");
	health.close();
	answer(false);
	health.runLost("failed");
	assert.deepEqual(log, ["probing"]);
	assert.equal(clock.pendingCount, 0);
});
