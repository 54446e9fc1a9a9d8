import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../common/manual-clock.ts";
import { type FaultWindow, SimulatedDevice } from "./simulated-device.ts";

function setUp(faults: readonly FaultWindow[] = []) {
	const clock = new ManualClock();
	const device = new SimulatedDevice({
		name: "sim",
		curveMs: { 1: 10, 8: 20 },
		memoryBytes: 100,
		faults,
		clock,
	});
	const log: string[] = [];
	const run = (name: string, rows = 1) =>
		device.run(rows, (end) =>
			log.push(`${name} ${end} ${clock.nowUs() / 1e3}`),
		);
	return { clock, device, log, run };
}

test("runs go one after another and take what the curve says", () => {
	const { clock, log, run } = setUp();
	run("a", 8);
	run("b");
	clock.advance(50_000);
	run("c");
	clock.advance(50_000);
	assert.deepEqual(log, ["a done 20", "b done 30", "c done 60"]);
});

test("while it hangs nothing ends, and everything does when that is over", () => {
	const window = { fault: { kind: "hang" }, fromMs: 5, toMs: 100 } as const;
	const { clock, log, run } = setUp([window]);
	run("a");
	clock.advance(50_000);
	run("b");
	assert.deepEqual(log, []);
	clock.advance(100_000);
	assert.deepEqual(log, ["a done 100", "b done 100"]);
});

test("while it fails every run does, those that begin at once", () => {
	const window = { fault: { kind: "fail" }, fromMs: 5, toMs: 100 } as const;
	const { clock, log, run } = setUp([window]);
	run("a");
	clock.advance(50_000);
	run("b");
	clock.advance(50_000);
	run("c");
	clock.advance(50_000);
	assert.deepEqual(log, ["a failed 10", "b failed 50", "c done 110"]);
});

test("while it is slow runs that begin take a multiple", () => {
	const { clock, device, log, run } = setUp();
	device.setFault({ kind: "slow", factor: 3 });
	run("a");
	device.setFault(null);
	run("b");
	clock.advance(100_000);
	assert.deepEqual(log, ["a done 30", "b done 40"]);
});

test("a run that is stopped ends at once, unless the device hangs", () => {
	const { clock, device, log, run } = setUp();
	device.stop(run("a"));
	clock.advance(0);
	assert.deepEqual(log, ["a stopped 0"]);
	run("b");
	clock.advance(10_000);
	assert.equal(log.at(-1), "b done 10", "its time is free again");
	device.setFault({ kind: "hang" });
	const hung = run("c");
	device.stop(hung);
	clock.advance(90_000);
	assert.equal(log.length, 2);
	device.close();
	assert.equal(log.at(-1), "c done 100");
	assert.equal(clock.pendingCount, 0);
});

test("memory is taken as long as there is some", () => {
	const { device } = setUp();
	assert.equal(device.claim(60), true);
	assert.equal(device.claim(60), false);
	device.release(60);
	assert.equal(device.claim(100), true);
	assert.deepEqual(device.memory(), { totalBytes: 100, usedBytes: 100 });
});
