import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SLOW_US, SlowSteps } from "./slow-steps.ts";

describe("inline steps that are slow with frames", () => {
	test("are those that are slow five times in a row, told once", () => {
		const steps = new SlowSteps();
		const told = Array.from({ length: 7 }, () =>
			steps.observe("tracks", SLOW_US),
		);
		assert.deepEqual(told, [false, false, false, false, true, false, false]);
		assert.ok(steps.has("tracks"));
		assert.ok(!steps.has("boxes"));
	});

	test("are those of whose runs one in five is slow, and not where it is one in twenty for ever", () => {
		assert.ok(afterRuns(1000, 5).has("tracks"));
		assert.ok(!afterRuns(100_000, 20).has("tracks"));
	});

	test("stay so: streams that are open do not go back and forth", () => {
		const steps = afterRuns(5, 1);
		for (let i = 0; i < 1000; i++) steps.observe("tracks", 1);
		assert.ok(steps.has("tracks"));
	});
});

function afterRuns(count: number, oneIn: number): SlowSteps {
	const steps = new SlowSteps();
	for (let i = 0; i < count; i++)
		steps.observe("tracks", i % oneIn === 0 ? SLOW_US : 1);
	return steps;
}
