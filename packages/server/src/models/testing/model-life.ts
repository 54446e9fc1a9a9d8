// A model's life under any order of arrivals, cancellations and passing time. At every instant each request has
// ended, runs or waits; at the end each has ended once, with its own answer or an error.
import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Outcome } from "@saccade/protocol";
import fc from "fast-check";
import type { ManualClock } from "../../common/manual-clock.ts";
import type { ModelEntry } from "../entry.ts";
import type { ModelVersion } from "../model-version.ts";
import type { FakeCall } from "./fake-caller.ts";

export type LifeStep =
	| {
			readonly do: "submit";
			readonly rows: number;
			/** Null: it has all the time there is. */
			readonly deadlineMs: number | null;
	  }
	/** The request that was submitted as this one; none is so many yet: nothing. */
	| { readonly do: "cancel"; readonly index: number }
	| { readonly do: "advance"; readonly ms: number }
	| { readonly do: "turn" };

/** How much of what there is in a life, and how long. */
export interface LifeRange {
	readonly submitWeight: number;
	readonly cancelWeight: number;
	readonly advanceWeight: number;
	readonly maxDeadlineMs: number;
	readonly maxIndex: number;
	readonly maxAdvanceMs: number;
}

export function anyLifeStep(range: LifeRange): fc.Arbitrary<LifeStep> {
	return fc.oneof(
		{
			weight: range.submitWeight,
			arbitrary: fc.record({
				do: fc.constant("submit" as const),
				rows: fc.integer({ min: 1, max: 3 }),
				deadlineMs: fc.option(fc.integer({ min: 1, max: range.maxDeadlineMs })),
			}),
		},
		{
			weight: range.cancelWeight,
			arbitrary: fc.record({
				do: fc.constant("cancel" as const),
				index: fc.nat(range.maxIndex),
			}),
		},
		{
			weight: range.advanceWeight,
			arbitrary: fc.record({
				do: fc.constant("advance" as const),
				ms: fc.integer({ min: 1, max: range.maxAdvanceMs }),
			}),
		},
		{ weight: 3, arbitrary: fc.record({ do: fc.constant("turn" as const) }) },
	);
}

export interface LivingModel {
	readonly model: ModelVersion;
	readonly clock: ManualClock;
	readonly log: readonly string[];
	readonly released: readonly string[];
	submit(name: string, call: FakeCall): ModelEntry;
}

/**
 * Lives through the steps, and unloads the model, which doubles what it is given.
 * @param drain time passes in such steps, and so often at most, until what is under way has ended
 */
export async function live(
	{ model, clock, log, released, submit }: LivingModel,
	steps: readonly LifeStep[],
	drain: { readonly stepMs: number; readonly mostSteps: number },
): Promise<void> {
	const outcomes: Outcome[] = [];
	model.observers.listener = {
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
	for (let i = 0; i < drain.mostSteps && model.state.kind !== "unloaded"; i++) {
		await nextTurn();
		clock.advance(drain.stepMs * 1000);
		check();
	}
	assert.equal(model.state.kind, "unloaded", "everything ends");
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
}
