// When a batch closes, by the rules of Triton's dynamic batcher (`GetDynamicBatch` in
// core/src/dynamic_batch_scheduler.cc):
//   * entries join in the order of service while their shapes agree and the batch stays within its limit;
//   * it runs when it cannot grow, when it reaches the largest preferred size, or when the oldest entry has
//     waited for the delay; without a delay it runs with whatever waits;
//   * a smaller preferred size that is reached runs at once, without the entries beyond it.
// Pure: numbers in, a decision out.
import type { EntryQueue } from "./entry-queue.ts";
import type { ClosedBecause, Entry } from "./scheduler.ts";

export interface BatchRules {
	/** Most rows of a batch; 1 when the model is not batched: then an entry runs alone, whatever its rows. */
	readonly maxRows: number;
	/** Ascending, without duplicates. Empty: only the limit is preferred. */
	readonly preferredRows: readonly number[];
	/** 0: never wait. */
	readonly maxDelayUs: number;
}

export type BatchDecision =
	| {
			readonly kind: "run";
			/** Entries from the head of the queue. */
			readonly take: number;
			readonly closedBecause: ClosedBecause;
	  }
	| { readonly kind: "wait"; readonly untilUs: number };

/** What to do with a queue that is not empty while a lane is free. */
export function decideBatch<E extends Entry>(
	queue: EntryQueue<E>,
	rules: BatchRules,
	nowUs: number,
): BatchDecision {
	const head = queue.head();
	if (head === null) return { kind: "wait", untilUs: Number.POSITIVE_INFINITY };
	if (rules.maxRows <= 1) return run(1, "unbatched");
	const largestPreferred = rules.preferredRows.at(-1) ?? rules.maxRows;
	let rows = 0;
	let take = 0;
	let oldestUs = Number.POSITIVE_INFINITY;
	let preferredTake = 0;
	for (let entry: E | null = head; entry !== null; entry = queue.after(entry)) {
		if (take > 0 && rows + entry.rows > rules.maxRows) return run(take, "full");
		if (entry.shapeKey !== head.shapeKey) return run(take, "shape-change");
		rows += entry.rows;
		take++;
		if (entry.enqueuedUs < oldestUs) oldestUs = entry.enqueuedUs;
		if (rows >= largestPreferred)
			return run(take, rows >= rules.maxRows ? "full" : "preferred-size");
		if (rules.preferredRows.includes(rows)) preferredTake = take;
	}
	if (rules.maxDelayUs === 0) return run(take, "idle-device");
	if (nowUs - oldestUs >= rules.maxDelayUs) return run(take, "delay");
	if (preferredTake > 0) return run(preferredTake, "preferred-size");
	return { kind: "wait", untilUs: oldestUs + rules.maxDelayUs };
}

function run(take: number, closedBecause: ClosedBecause): BatchDecision {
	return { kind: "run", take, closedBecause };
}
