// Devices that fail, hang and slow down at any moment, under any order of arrivals and cancellations: each request
// has one end, answers are its own, and nothing stays.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "@saccade/protocol";
import fc from "fast-check";
import type { ModelEntry } from "./entry.ts";
import { makeFleet } from "./testing/fake-fleet.ts";

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

const anyStep = fc.oneof(
	{
		weight: 5,
		arbitrary: fc.record({
			do: fc.constant("submit" as const),
			rows: fc.integer({ min: 1, max: 3 }),
			deadlineMs: fc.option(fc.integer({ min: 1, max: 400 })),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			do: fc.constant("cancel" as const),
			index: fc.nat(40),
		}),
	},
	{
		weight: 4,
		arbitrary: fc.record({
			do: fc.constant("advance" as const),
			ms: fc.integer({ min: 1, max: 120 }),
		}),
	},
	{ weight: 3, arbitrary: fc.record({ do: fc.constant("turn" as const) }) },
);

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
				const { model, clock, log, released, submit, nextTurn } = fleet;
				const outcomes: Outcome[] = [];
				model.listener = {
					batchFinished: () => {},
					runLost: () => {},
					inputsPadded: () => {},
					requestFinished: (outcome) => outcomes.push(outcome),
				};
				const entries: ModelEntry[] = [];
				const check = () => {
					const running = entries.filter(
						({ state, endedAs }) => state === "running" && endedAs === null,
					).length;
					const { queuedCount } = model.queueStats();
					assert.equal(entries.length, log.length + running + queuedCount);
					assert.equal(outcomes.length, log.length);
				};
				for (const step of steps) {
					if (step.do === "submit") {
						const deadlineUs =
							step.deadlineMs === null
								? Number.POSITIVE_INFINITY
								: clock.nowUs() + step.deadlineMs * 1000;
						const value = entries.length;
						const call = { value, rows: step.rows, deadlineUs };
						entries.push(submit(String(value), call));
					} else if (step.do === "cancel") {
						const entry = entries[step.index];
						if (entry !== undefined) model.cancel(entry);
					} else if (step.do === "advance") clock.advance(step.ms * 1000);
					else await nextTurn();
					check();
				}
				const unloaded = model.unload();
				for (let i = 0; i < 400 && model.state.kind !== "unloaded"; i++) {
					await nextTurn();
					clock.advance(50_000);
					check();
				}
				assert.equal(model.state.kind, "unloaded", "everything ends");
				await unloaded;
				fleet.manager.close();
				for (const device of fleet.simulated) device.close();
				assert.equal(log.length, entries.length);
				for (const line of log) {
					const answer = /^(\d+) = (.*)$/.exec(line);
					if (answer === null) continue;
					const value = Number(answer[1]);
					const rows = entries[value]?.rows ?? 0;
					assert.equal(answer[2], new Array(rows).fill(2 * value).join(" "));
				}
				assert.equal(released.length, entries.length, "every lease ended");
				assert.equal(fleet.runtime.openSessionCount, 0);
				// What is left are faults that have not come yet.
				clock.advance(10_000_000);
				assert.equal(clock.pendingCount, 0);
			},
		),
		{ seed: 11, numRuns: 1000 },
	);
});
