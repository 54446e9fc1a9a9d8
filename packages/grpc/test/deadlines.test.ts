// The wheel of deadlines, its time moved by hand.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { DeadlineWheel, type WheelEntry } from "../src/grpc/deadlines.ts";

const EARLY_US = 500;
const STEP_MS = 1;

function entry(deadlineUs: number, expire: () => void): WheelEntry {
	return {
		deadlineUs,
		expire,
		wheelNext: null,
		wheelPrevious: null,
		wheelSlot: -1,
	};
}

/** Time that only the test moves, a millisecond at a time, as timers do. */
function stopTime(context: TestContext) {
	context.mock.timers.enable({ apis: ["setTimeout"] });
	const time = {
		nowUs: 123_456_789.25,
		advance: (ms: number) => {
			for (let passed = 0; passed < ms; passed += STEP_MS) {
				time.nowUs += STEP_MS * 1000;
				context.mock.timers.tick(STEP_MS);
			}
		},
	};
	return time;
}

test("deadlines fire once, at the millisecond, and not when removed", (context) => {
	const time = stopTime(context);
	const plan = fc.array(
		fc.record({
			addedAfterMs: fc.integer({ min: 0, max: 3000 }),
			inUs: fc.integer({ min: -5000, max: 6_000_000 }),
			isRemoved: fc.boolean(),
		}),
		{ maxLength: 30 },
	);
	fc.assert(
		fc.property(plan, (unordered) => {
			const calls = unordered.toSorted(
				(a, b) => a.addedAfterMs - b.addedAfterMs,
			);
			const wheel = new DeadlineWheel(() => time.nowUs);
			const lateUs = calls.map(() => [] as number[]);
			let atMs = 0;
			for (const [
				index,
				{ addedAfterMs, inUs, isRemoved },
			] of calls.entries()) {
				time.advance(addedAfterMs - atMs);
				atMs = addedAfterMs;
				const deadlineUs = time.nowUs + inUs;
				const added = entry(deadlineUs, () =>
					lateUs[index]?.push(time.nowUs - deadlineUs),
				);
				wheel.add(added);
				if (isRemoved) wheel.remove(added);
			}
			time.advance(6100);
			for (const [index, { inUs, isRemoved }] of calls.entries()) {
				const fired = lateUs[index] ?? [];
				assert.equal(fired.length, isRemoved ? 0 : 1);
				if (isRemoved) continue;
				const mostUs = Math.max(0, -inUs) + 2 * STEP_MS * 1000;
				assert.ok(
					fired[0]! >= -EARLY_US && fired[0]! <= mostUs,
					`${fired[0]} µs late`,
				);
			}
		}),
		{ seed: 5, numRuns: 30 },
	);
});

test("the timer of a call that ended stands for the calls after it, and ends with the last", (context) => {
	const time = stopTime(context);
	const timers = context.mock.method(globalThis, "setTimeout").mock;
	const wheel = new DeadlineWheel(() => time.nowUs);
	for (let call = 0; call < 100; call++) {
		const added = entry(time.nowUs + 200_000, () => assert.fail("it ended"));
		wheel.add(added);
		time.advance(1);
		wheel.remove(added);
	}
	assert.equal(timers.callCount(), 1);
	time.advance(5000);
	assert.equal(timers.callCount(), 1, "nothing is waited for");
});

test("deadlines of hours do not keep the wheel from those of milliseconds", (context) => {
	const time = stopTime(context);
	const wheel = new DeadlineWheel(() => time.nowUs);
	const fired: string[] = [];
	// In the same slot, turns apart.
	wheel.add(entry(time.nowUs + 512 * 4000 * 1757, () => fired.push("far")));
	wheel.add(entry(time.nowUs + 99_999_999 * 3.6e9, () => fired.push("never")));
	wheel.add(entry(time.nowUs + 512 * 4000, () => fired.push("near")));
	time.advance(2047);
	assert.deepEqual(fired, []);
	time.advance(3);
	assert.deepEqual(fired, ["near"]);
});

test("a deadline that ends other calls as it fires does not hold up those behind them", (context) => {
	const time = stopTime(context);
	const wheel = new DeadlineWheel(() => time.nowUs);
	const fired: string[] = [];
	const [a, b, c] = ["a", "b", "c"].map((name) =>
		entry(time.nowUs + 10_000, () => {
			fired.push(name);
			// As one call that ends the next: the wheel walks from the last added to the first.
			if (name === "c" && b !== undefined) wheel.remove(b);
		}),
	);
	for (const added of [a, b, c]) if (added !== undefined) wheel.add(added);
	time.advance(12);
	assert.deepEqual(fired, ["c", "a"]);
});
