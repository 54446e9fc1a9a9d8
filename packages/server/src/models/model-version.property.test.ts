// Requests through scheduler, lanes and runs: each gets its own answer, or one error, whatever happens around it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "@saccade/protocol";
import fc from "fast-check";
import type { ModelEntry } from "./entry.ts";
import { makeReadyModel } from "./testing/fake-model.ts";

const anyStep = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.record({
			do: fc.constant("submit" as const),
			rows: fc.integer({ min: 1, max: 3 }),
			deadlineMs: fc.option(fc.integer({ min: 1, max: 60 })),
		}),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constant("cancel" as const),
			index: fc.nat(30),
		}),
	},
	{
		weight: 3,
		arbitrary: fc.record({
			do: fc.constant("advance" as const),
			ms: fc.integer({ min: 1, max: 40 }),
		}),
	},
	{ weight: 3, arbitrary: fc.record({ do: fc.constant("turn" as const) }) },
);

test("answer i belongs to request i, each ends once and is counted once, under cancel, deadlines and failing runs", {
	timeout: 120_000,
}, async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(anyStep, { maxLength: 60 }),
			fc.integer({ min: 1, max: 3 }),
			fc.constantFrom(4, 100),
			async (steps, laneCount, failsFromRows) => {
				const { model, submit, clock, log, released, nextTurn, runtime } =
					await makeReadyModel({
						config: `backend: "fake" max_batch_size: 4
							dynamic_batching { max_queue_delay_microseconds: 5000 }
							parameters { key: "saccade.run_mode" value { string_value: "offload" } }`,
						curveMs: { 1: 20, 4: 30 },
						failsFromRows,
						laneCount,
					});
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
				for (let i = 0; i < 100 && model.state.kind !== "unloaded"; i++) {
					await nextTurn();
					clock.advance(10_000);
					check();
				}
				await unloaded;
				assert.equal(log.length, entries.length);
				for (const line of log) {
					const answer = /^(\d+) = (.*)$/.exec(line);
					if (answer === null) continue;
					const value = Number(answer[1]);
					const rows = entries[value]?.rows ?? 0;
					assert.equal(answer[2], new Array(rows).fill(2 * value).join(" "));
				}
				assert.equal(released.length, entries.length, "every lease ended");
				assert.equal(runtime.openSessionCount, 0);
				assert.equal(clock.pendingCount, 0);
			},
		),
		{ seed: 7, numRuns: 150 },
	);
});
