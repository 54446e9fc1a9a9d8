// A model on several devices, on a clock that moves by hand: what happens to work when a device is lost.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { makeFleet } from "./testing/fake-fleet.ts";

const CURVE = { 1: 20, 8: 40 };
const pair = () =>
	makeFleet({
		devices: [
			{ name: "a", curveMs: CURVE },
			{ name: "b", curveMs: CURVE },
		],
	});

describe("a device that hangs", () => {
	test("loses its work to the other one; its late answer is dropped, and its bytes are kept until then", async () => {
		const { model, simulated, submit, pass, log, manager, released } =
			await pair();
		simulated[0]?.setFault({ kind: "hang" });
		simulated[1]?.setFault({ kind: "slow", factor: 1.01 });
		submit("one", { value: 3 });
		await pass(150);
		assert.deepEqual(log, [], "not given up yet");
		await pass(200);
		assert.deepEqual(log, ["one = 6"]);
		assert.equal(manager.devices[0]?.health.isHealthy, false);
		assert.equal(manager.devices[0]?.load.running, 1, "the run is still there");
		simulated[0]?.setFault(null);
		await pass(2000, 20);
		assert.deepEqual(log, ["one = 6"], "one answer");
		assert.deepEqual(released, ["one"]);
		assert.equal(manager.devices[0]?.health.isHealthy, true);
		assert.equal(manager.devices[0]?.load.running, 0);
		await model.unload();
	});

	test("whose work cannot be done elsewhere in time is refused before the deadline", async () => {
		const { simulated, submit, pass, log, clock } = await pair();
		simulated[0]?.setFault({ kind: "hang" });
		simulated[1]?.setFault({ kind: "slow", factor: 1.01 });
		// Given up at 200 ms, and 20 ms are needed then.
		submit("late", { deadlineUs: clock.nowUs() + 210_000 });
		await pass(190);
		submit("other");
		await pass(15);
		assert.deepEqual(log, ["late: CANNOT_FINISH"]);
	});

	test("and is the only one: what waits and what comes is told that it is unavailable, until a probe succeeds", async () => {
		const { simulated, submit, pass, log, released } = await makeFleet({
			devices: [{ name: "a", curveMs: { 1: 20 } }],
		});
		simulated[0]?.setFault({ kind: "hang" });
		submit("due", { deadlineUs: 60_000_000 });
		submit("other");
		await pass(500, 10);
		assert.deepEqual([...log].sort(), [
			"due: UNAVAILABLE",
			"other: UNAVAILABLE",
		]);
		submit("next");
		assert.equal(log.at(-1), "next: UNAVAILABLE", "refused as it comes");
		simulated[0]?.setFault(null);
		await pass(15_000, 100);
		submit("after", { value: 2 });
		await pass(100);
		assert.equal(log.at(-1), "after = 4");
		assert.equal(released.length, 4);
	});
});

describe("a device that fails", () => {
	test("is out of use until a probe succeeds, and its requests are answered elsewhere", async () => {
		const { model, simulated, submit, pass, log, manager } = await pair();
		const states: string[] = [];
		manager.devices[0]?.health.onChange(({ kind }) => states.push(kind));
		let moved = 0;
		model.observers.listener = {
			batchFinished: () => {},
			inputsPadded: () => {},
			requestFinished: () => {},
			runLost: (_because, movedCount) => {
				moved += movedCount;
			},
		};
		simulated[0]?.setFault({ kind: "fail" });
		for (let i = 0; i < 20; i++) submit(String(i), { value: i });
		await pass(300);
		assert.deepEqual(
			[...log].sort(),
			Array.from({ length: 20 }, (_, i) => `${i} = ${2 * i}`).sort(),
		);
		assert.ok(moved > 0 && moved <= 8, `${moved} moved`);
		assert.deepEqual(states.slice(0, 3), ["probing", "lost", "probing"]);
		simulated[0]?.setFault(null);
		await pass(1000, 10);
		assert.equal(states.at(-1), "healthy");
	});

	test("because of what a request holds is back after one probe, and that request fails", async () => {
		const { submit, pass, log, manager } = await makeFleet({
			failsFromRows: 6,
			devices: [
				{ name: "a", curveMs: CURVE },
				{ name: "b", curveMs: CURVE },
			],
		});
		submit("poison", { rows: 7 });
		await pass(500);
		assert.deepEqual(log, ["poison: EXECUTION_FAILED"]);
		assert.ok(manager.devices.every(({ health }) => health.isHealthy));
		submit("good", { value: 5 });
		await pass(100);
		assert.equal(log.at(-1), "good = 10");
	});
});

test("a device that was slow for a while gets work again when it is quick", async () => {
	const { simulated, submit, pass, manager } = await pair();
	const load = async (ms: number) => {
		for (let passed = 0; passed < ms; passed += 10) {
			for (let i = 0; i < 2; i++) submit("x");
			await pass(10, 5);
		}
	};
	simulated[0]?.setFault({ kind: "slow", factor: 5 });
	await load(3000);
	simulated[0]?.setFault(null);
	await load(3000);
	const [a, b] = manager.devices.map((device) => device.score());
	assert.ok(a !== undefined && b !== undefined && a > 0.5 * b, `${a} and ${b}`);
});

test("unlike devices that are all needed are equally busy, and a slow one that is not needed rests", async () => {
	const curves = [
		{ 1: 16, 8: 24 },
		{ 1: 27, 8: 48 },
		{ 1: 48, 8: 110 },
	];
	const perMs = curves.reduce((sum, curve) => sum + 8 / curve[8], 0);
	/** Shares of 4 s in which each was busy, after one of the same load. */
	const busyAt = async (load: number) => {
		const { clock, manager, submit, pass } = await makeFleet({
			devices: curves.map((curveMs, index) => ({ name: `${index}`, curveMs })),
		});
		let due = 0;
		const drive = async (ms: number) => {
			for (let passed = 0; passed < ms; passed++) {
				for (due += load * perMs; due >= 1; due--)
					submit("x", { deadlineUs: clock.nowUs() + 440_000 });
				await pass(1);
			}
		};
		const busyUs = () =>
			manager.devices.map((device) => device.load.totalUs(clock.nowUs()));
		await drive(1000);
		const before = busyUs();
		await drive(4000);
		return busyUs().map((us, index) => (us - before[index]!) / 4e6);
	};
	const all = await busyAt(1.05);
	const mean = all.reduce((a, b) => a + b) / all.length;
	const spread = Math.sqrt(
		all.reduce((sum, busy) => sum + (busy - mean) ** 2, 0) / all.length,
	);
	assert.ok(spread <= 0.04, `${all}`);
	const [large = 0, , small = 1] = await busyAt(0.6);
	assert.ok(small < large / 2, `${small} beside ${large}`);
});
