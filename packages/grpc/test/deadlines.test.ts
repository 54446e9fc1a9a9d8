// The wheel of deadlines, turned by hand.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { DeadlineWheel, type WheelEntry } from "../src/grpc/deadlines.ts";

const SLOT_US = 4000;

function entry(deadlineUs: number, expire: () => void): WheelEntry {
	return {
		deadlineUs,
		expire,
		wheelNext: null,
		wheelPrevious: null,
		wheelSlot: -1,
	};
}

/** Only the test turns the wheel. */
function stopTimers(context: TestContext): void {
	context.mock.timers.enable({ apis: ["setInterval"] });
}

test("deadlines fire once, never early, at most a slot late, and not when removed", (context) => {
	stopTimers(context);
	const plan = fc.array(
		fc.record({
			inUs: fc.integer({ min: -5000, max: 6_000_000 }),
			isRemoved: fc.boolean(),
		}),
		{ maxLength: 50 },
	);
	fc.assert(
		fc.property(plan, (calls) => {
			let nowUs = 123_456_789;
			const startUs = nowUs;
			const wheel = new DeadlineWheel(() => nowUs);
			const firedUs = calls.map(() => [] as number[]);
			for (const [index, { inUs, isRemoved }] of calls.entries()) {
				const added = entry(startUs + inUs, () => firedUs[index]?.push(nowUs));
				wheel.add(added);
				if (isRemoved) wheel.remove(added);
			}
			for (; nowUs < startUs + 6_100_000; nowUs += SLOT_US) wheel.advance();
			for (const [index, { inUs, isRemoved }] of calls.entries()) {
				const fired = firedUs[index] ?? [];
				assert.equal(fired.length, isRemoved ? 0 : 1);
				if (isRemoved) continue;
				const lateUs = fired[0]! - (startUs + inUs);
				const dueLateUs = Math.max(0, -inUs) + 2 * SLOT_US;
				assert.ok(lateUs >= 0 && lateUs <= dueLateUs, `${lateUs} µs late`);
			}
		}),
		{ seed: 5, numRuns: 50 },
	);
});

test("a deadline that ends other calls as it fires does not hold up those behind them", (context) => {
	stopTimers(context);
	let nowUs = 0;
	const wheel = new DeadlineWheel(() => nowUs);
	const fired: string[] = [];
	const [a, b, c] = ["a", "b", "c"].map((name) =>
		entry(10_000, () => {
			fired.push(name);
			// As one call that ends the next: the wheel walks from the last added to the first.
			if (name === "c" && b !== undefined) wheel.remove(b);
		}),
	);
	for (const added of [a, b, c]) if (added !== undefined) wheel.add(added);
	nowUs = 20_000;
	wheel.advance();
	assert.deepEqual(fired, ["c", "a"]);
});
