import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CpuDevice } from "./cpu-device.ts";
import { LoadWindow, loadScore } from "./load-window.ts";

const START_US = 10_000_000;

function near(actual: number, expected: number, by = 1e-9): void {
	assert.ok(Math.abs(actual - expected) <= by, `${actual} is not ${expected}`);
}

test("the share is the time with a run under way, in the last second, and what is older falls out", () => {
	const window = new LoadWindow();
	window.begin(START_US);
	window.end(START_US + 250_000);
	near(window.busyShare(START_US + 500_000), 0.25 / 0.9);
	near(window.busyShare(START_US + 1_100_000), 0.05 / 0.9);
	assert.equal(window.busyShare(START_US + 1_400_000), 0);
	near(window.totalUs(START_US + 9_000_000), 250_000);
});

test("runs side by side count once, and a run that goes on counts until now", () => {
	const window = new LoadWindow();
	window.begin(START_US);
	window.begin(START_US + 100_000);
	window.end(START_US + 200_000);
	assert.equal(window.running, 1);
	near(window.busyShare(START_US + 300_000), 0.3 / 0.9);
	near(window.busyShare(START_US + 60_000_000), 1);
	near(window.totalUs(START_US + 60_000_000), 60_000_000, 1e-3);
});

test("whatever happens the share is within 0 and 1, and the total is the sum of the busy times", () => {
	const spans = fc.array(
		fc.record({
			gapUs: fc.integer({ min: 0, max: 3_000_000 }),
			busyUs: fc.integer({ min: 0, max: 3_000_000 }),
		}),
	);
	fc.assert(
		fc.property(spans, (given) => {
			const window = new LoadWindow();
			let nowUs = START_US;
			let totalUs = 0;
			for (const { gapUs, busyUs } of given) {
				nowUs += gapUs;
				window.begin(nowUs);
				nowUs += busyUs;
				window.end(nowUs);
				totalUs += busyUs;
				const share = window.busyShare(nowUs);
				assert.ok(share >= 0 && share <= 1, `${share}`);
			}
			near(window.totalUs(nowUs), totalUs, 1e-3);
		}),
	);
});

test("a device is as loaded as what it has least left of", () => {
	const cpu = new CpuDevice("cpu", 1);
	const idle = new LoadWindow();
	assert.equal(loadScore(cpu, idle, START_US), 0);
	const memory = () => ({ totalBytes: 100, usedBytes: 70 });
	const full = { ...cpu, name: "a", memory, utilization: () => 0.4 };
	assert.equal(loadScore(full, idle, START_US), 0.7);
	assert.equal(
		loadScore({ ...full, utilization: () => 0.9 }, idle, START_US),
		0.9,
	);
	idle.begin(START_US);
	for (let run = 0; run < 4; run++) idle.begin(START_US);
	assert.equal(loadScore(full, idle, START_US), 0.8, "four runs wait");
});
