// Devices that fail, hang and slow down at any moment, under any order of arrivals and cancellations: each request
// has one end, answers are its own, and nothing stays.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeFleet } from "./testing/fake-fleet.ts";
import { anyLifeStep, live } from "./testing/model-life.ts";

const anyFault = fc.record({
	fault: fc.constantFrom(
		{ kind: "fail" as const },
		{ kind: "hang" as const },
		{ kind: "slow" as const, factor: 20 },
	),
	fromMs: fc.integer({ min: 0, max: 300 }),
	forMs: fc.integer({ min: 1, max: 900 }),
});

const anyDevice = fc.record({
	oneMs: fc.integer({ min: 1, max: 30 }),
	eightMs: fc.integer({ min: 1, max: 60 }),
	laneCount: fc.integer({ min: 1, max: 2 }),
	faults: fc.array(anyFault, { maxLength: 2 }),
});

const anyStep = anyLifeStep({
	submitWeight: 5,
	cancelWeight: 1,
	advanceWeight: 4,
	maxDeadlineMs: 400,
	maxIndex: 40,
	maxAdvanceMs: 120,
});

test("received = ended + running + waiting at every instant, each ends once with its own answer, and every byte, session and timer is let go", {
	timeout: 300_000,
}, async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(anyStep, { maxLength: 50 }),
			fc.array(anyDevice, { minLength: 1, maxLength: 3 }),
			fc.constantFrom("deadline" as const, "triton" as const),
			fc.constantFrom(undefined, 6),
			async (steps, devices, policy, failsFromRows) => {
				const fleet = await makeFleet({
					policy,
					...(failsFromRows !== undefined && { failsFromRows }),
					devices: devices.map(
						({ oneMs, eightMs, laneCount, faults }, index) => ({
							name: `device${index}`,
							curveMs: { 1: oneMs, 8: Math.max(oneMs, eightMs) },
							laneCount,
							faults: faults.map(({ fault, fromMs, forMs }) => ({
								fault,
								fromMs,
								toMs: fromMs + forMs,
							})),
						}),
					),
				});
				await live(fleet, steps, { stepMs: 50, mostSteps: 400 });
				fleet.manager.close();
				for (const device of fleet.simulated) device.close();
				assert.equal(fleet.runtime.openSessionCount, 0);
				// What is left are faults that have not come yet.
				fleet.clock.advance(10_000_000);
				assert.equal(fleet.clock.pendingCount, 0);
			},
		),
		{ seed: 11, numRuns: 1000 },
	);
});
