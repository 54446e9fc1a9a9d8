// When a batch closes, by the rules of Triton's dynamic batcher (`GetDynamicBatch` in
// https://github.com/triton-inference-server/core/blob/main/src/dynamic_batch_scheduler.cc):
//   * entries join in the order of service while their shapes agree and the batch stays within its limit;
//   * the largest preferred size that they reach runs at once, without the entries beyond it; when the next entry
//     would leap over every preferred size, what is there counts as one;
//   * else a batch that cannot grow runs, and one whose oldest entry has waited for the delay; without a delay
//     whatever waits runs;
//   * once the delay is over preferred sizes do not count any more: everything that fits runs.
// Triton also lets a batch grow that waits for a busy instance; here a batch is only closed when a lane is free.
// Pure: numbers in, a decision out.

import type { RunOrWait } from "../policy.ts";
import type { EntryQueue } from "../queue/entry-queue.ts";
import type { ClosedBecause, Entry } from "../scheduler.ts";

export interface BatchRules {
	/** Most rows of a batch; 1 when the model is not batched: then an entry runs alone, whatever its rows. */
	readonly maxRows: number;
	/** Ascending, without duplicates. Empty: only the limit is preferred. */
	readonly preferredRows: readonly number[];
	/** 0: never wait. */
	readonly maxDelayUs: number;
}

/**
 * What to do with a queue that is not empty while a lane is free.
 * @param isDraining nothing will join: do not wait
 * @param maxRows most rows of this batch, where that is less than the rules allow
 */
export function decideBatch<E extends Entry>(
	queue: EntryQueue<E>,
	rules: BatchRules,
	nowUs: number,
	isDraining = false,
	maxRows = rules.maxRows,
): RunOrWait {
	const head = queue.head();
	if (head === null) return { kind: "wait", untilUs: Number.POSITIVE_INFINITY };
	if (rules.maxRows <= 1) return run(1, "unbatched");
	const { preferredRows, maxDelayUs } = rules;
	const largestPreferred = preferredRows.at(-1) ?? maxRows;
	let rows = 0;
	let take = 0;
	let oldestUs = Number.POSITIVE_INFINITY;
	let preferredTake = 0;
	let closed: ClosedBecause | null = null;
	for (let entry = queue.first(); entry !== null; entry = queue.next()) {
		if (take > 0) {
			const next = rows + entry.rows;
			if (next > largestPreferred && preferredTake === 0) preferredTake = take;
			if (next > maxRows) closed = "full";
			else if (entry.shapeKey !== head.shapeKey) closed = "shape-change";
			if (closed !== null) break;
		}
		rows += entry.rows;
		take++;
		if (entry.enqueuedUs < oldestUs) oldestUs = entry.enqueuedUs;
		if (preferredRows.includes(rows)) preferredTake = take;
		if (rows >= maxRows) {
			closed = "full";
			break;
		}
	}
	const isDelayOver = maxDelayUs > 0 && nowUs - oldestUs >= maxDelayUs;
	if (preferredTake > 0 && !isDelayOver)
		return run(
			preferredTake,
			preferredTake === take && closed !== null ? closed : "preferred-size",
		);
	if (closed !== null) return run(take, closed);
	if (isDelayOver) return run(take, "delay");
	if (rows >= largestPreferred) return run(take, "preferred-size");
	if (maxDelayUs === 0) return run(take, "idle-device");
	if (isDraining) return run(take, "drain");
	return { kind: "wait", untilUs: oldestUs + maxDelayUs };
}

/** Takes so many from the head. */
export function run(take: number, closedBecause: ClosedBecause): RunOrWait {
	return { kind: "run", take, closedBecause };
}
