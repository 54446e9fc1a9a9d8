// Requests through scheduler, lanes and runs: each gets its own answer, or one error, whatever happens around it.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeReadyModel } from "./testing/fake-model.ts";
import { anyLifeStep, live } from "./testing/model-life.ts";

const anyStep = anyLifeStep({
	submitWeight: 4,
	cancelWeight: 2,
	advanceWeight: 3,
	maxDeadlineMs: 60,
	maxIndex: 30,
	maxAdvanceMs: 40,
});

test("answer i belongs to request i, each ends once and is counted once, under cancel, deadlines and failing runs", {
	timeout: 120_000,
}, async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(anyStep, { maxLength: 60 }),
			fc.integer({ min: 1, max: 3 }),
			fc.constantFrom(4, 100),
			async (steps, laneCount, failsFromRows) => {
				const made = await makeReadyModel({
					config: `backend: "fake" max_batch_size: 4
						dynamic_batching { max_queue_delay_microseconds: 5000 }
						parameters { key: "saccade.run_mode" value { string_value: "offload" } }`,
					curveMs: { 1: 20, 4: 30 },
					failsFromRows,
					laneCount,
				});
				await live(made, steps, { stepMs: 10, mostSteps: 100 });
				assert.equal(made.runtime.openSessionCount, 0);
				assert.equal(made.clock.pendingCount, 0);
			},
		),
		{ seed: 7, numRuns: 150 },
	);
});
