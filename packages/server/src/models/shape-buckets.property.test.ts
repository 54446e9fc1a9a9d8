// Requests of unlike shapes in shared batches: whatever happens around it, an answer has the shape and the numbers of
// its own request.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ModelEntry } from "./entry.ts";
import { makeReadyModel } from "./testing/fake-model.ts";

const BUCKETS = [3, 9] as const;

const anyStep = fc.oneof(
	{
		weight: 8,
		arbitrary: fc.record({
			do: fc.constant("submit" as const),
			rows: fc.integer({ min: 1, max: 2 }),
			length: fc.integer({ min: 0, max: 9 }),
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

for (const policy of ["deadline", "triton"] as const)
	test(`answer i is of request i's shape and numbers under cancel, deadlines and failing runs, policy ${policy}`, {
		timeout: 120_000,
	}, async () => {
		let sharedCount = 0;
		await fc.assert(
			fc.asyncProperty(
				fc.array(anyStep, { minLength: 20, maxLength: 80 }),
				fc.integer({ min: 1, max: 2 }),
				fc.constantFrom(5, 100),
				async (steps, laneCount, failsFromRows) => {
					const { model, submit, clock, log, released, nextTurn } =
						await makeReadyModel({
							config: `backend: "fake" max_batch_size: 8
								dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 5000 }
								parameters { key: "saccade.run_mode" value { string_value: "offload" } }
								parameters { key: "saccade.pad_values" value { string_value: "input = 1000" } }
								parameters { key: "saccade.shape_buckets" value {
									string_value: "length = ${BUCKETS} @ input[0] output[0]" } }`,
							curveMs: { 1: 20, 8: 40 },
							isDynamic: true,
							failsFromRows,
							laneCount,
							policy,
						});
					let usedElements = 0;
					let paddingElements = 0;
					model.observers.listener = {
						batchFinished: (requestCount) => {
							if (requestCount > 1) sharedCount++;
						},
						runLost: () => {},
						inputsPadded: (used, padding) => {
							usedElements += used;
							paddingElements += padding;
						},
						requestFinished: () => {},
					};
					const entries: ModelEntry[] = [];
					const lengths: number[] = [];
					for (const step of steps) {
						if (step.do === "submit") {
							const deadlineUs =
								step.deadlineMs === null
									? Number.POSITIVE_INFINITY
									: clock.nowUs() + step.deadlineMs * 1000;
							const value = entries.length + 1;
							const { rows, length } = step;
							lengths.push(length);
							entries.push(
								submit(String(value - 1), { value, rows, length, deadlineUs }),
							);
						} else if (step.do === "cancel") {
							const entry = entries[step.index];
							if (entry !== undefined) model.cancel(entry);
						} else if (step.do === "advance") clock.advance(step.ms * 1000);
						else await nextTurn();
					}
					const unloaded = model.unload();
					for (let i = 0; i < 100 && model.state.kind !== "unloaded"; i++) {
						await nextTurn();
						clock.advance(10_000);
					}
					await unloaded;
					assert.equal(log.length, entries.length);
					assert.equal(released.length, entries.length, "every lease ended");
					for (const line of log) {
						const answer = /^(\d+) = (.*)$/.exec(line);
						if (answer === null) continue;
						const index = Number(answer[1]);
						const count = (entries[index]?.rows ?? 0) * (lengths[index] ?? 0);
						const expected = new Array(count).fill(2 * (index + 1));
						assert.equal(answer[2], expected.join(" "));
					}
					const started = entries.flatMap(({ startedUs, rows }, index) =>
						startedUs > 0 ? [{ rows, length: lengths[index] ?? 0 }] : [],
					);
					const sum = (of: (length: number) => number) =>
						started.reduce(
							(all, { rows, length }) => all + rows * of(length),
							0,
						);
					const bucketOf = (length: number) =>
						BUCKETS.find((size) => size >= length) ?? 0;
					assert.equal(
						usedElements,
						sum((length) => length),
					);
					assert.equal(usedElements + paddingElements, sum(bucketOf));
				},
			),
			{ seed: 11, numRuns: 120 },
		);
		assert.ok(sharedCount > 100, `${sharedCount} batches were shared`);
	});
