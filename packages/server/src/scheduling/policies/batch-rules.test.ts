import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EntryQueue } from "../queue/entry-queue.ts";
import { TestEntry } from "../testing/test-entry.ts";
import { type BatchRules, decideBatch } from "./batch-rules.ts";

/** "3 1b" is an entry of three rows, then one of one row with another shape. */
function queueOf(text: string): EntryQueue<TestEntry> {
	const queue = new EntryQueue<TestEntry>(1);
	for (const [, rows, shape] of text.matchAll(/(\d+)([a-z]?)/g))
		queue.push(
			new TestEntry(rows ?? "", { rows: Number(rows), shapeKey: shape ?? "" }),
		);
	return queue;
}

const WAITED_US = 100;

/** The oldest entry has waited for 100 µs; `delay` 0: none, 1000: not over, 50: over. */
const CASES: readonly [
	queue: string,
	preferred: readonly number[],
	delayUs: number,
	decision: string,
	why: string,
][] = [
	["1 1 1", [8], 0, "3 idle-device", "without a delay, what waits runs"],
	["1 1 1", [8], 1000, "wait until 1000", "it may grow"],
	["1 1 1", [8], 50, "3 delay", "the delay is over"],
	["4 4", [8], 1000, "2 full", "it cannot grow"],
	["4 4 1", [8], 1000, "2 full", "nor with more behind it"],
	["3 3 3", [8], 1000, "2 full", "the next entry does not fit"],
	["3 3 3", [8], 50, "2 full", "nor when the delay is over"],
	["9", [8], 1000, "1 full", "what is larger than the limit runs alone"],
	["1 1 1 1 1", [4, 8], 1000, "4 preferred-size", "a preferred size at once"],
	["1 1 1 1 1", [4, 8], 0, "4 preferred-size", "and without a delay too"],
	["1 1 1 1 1", [4, 8], 50, "5 delay", "but not once the delay is over"],
	["1 1 1 1 1", [2, 4], 1000, "4 preferred-size", "the largest of them"],
	["2 1 2", [2], 1000, "1 preferred-size", "the last one that was reached"],
	["1 1 1 1 1 1", [4], 1000, "4 preferred-size", "no more than the largest"],
	["1 1 1 1 1 1", [4], 50, "6 delay", "all that fits once the delay is over"],
	["3 3", [4], 1000, "1 preferred-size", "the next leaps over every size"],
	["3 3", [4], 0, "1 preferred-size", "with or without a delay"],
	["3 3", [4], 50, "2 delay", "unless the delay is over"],
	["5", [4], 1000, "1 preferred-size", "alone above every preferred size"],
	["1 1 1b", [8], 1000, "2 shape-change", "another shape cannot join"],
	["1 1 1b", [8], 50, "2 shape-change", "even when the delay is over"],
	["1 1 1 1b", [2], 1000, "2 preferred-size", "a preferred size goes first"],
	["3 3b", [4], 1000, "1 shape-change", "both close it: it cannot grow"],
	["1 1b 1", [], 0, "1 shape-change", "order is kept, so like ones wait"],
	["4 4", [], 1000, "2 full", "without preferred sizes the limit is preferred"],
	["1", [], 1000, "wait until 1000", "and only the limit"],
];

for (const [text, preferredRows, maxDelayUs, expected, why] of CASES)
	test(`queue [${text}], preferred [${preferredRows}], delay ${maxDelayUs}: ${expected}: ${why}`, () => {
		const rules: BatchRules = { maxRows: 8, preferredRows, maxDelayUs };
		const decision = decideBatch(queueOf(text), rules, WAITED_US);
		assert.equal(
			decision.kind === "run"
				? `${decision.take} ${decision.closedBecause}`
				: `wait until ${decision.untilUs}`,
			expected,
		);
	});

test("an unbatched model runs one request, whatever its rows", () => {
	const rules = { maxRows: 1, preferredRows: [], maxDelayUs: 1000 };
	assert.deepEqual(decideBatch(queueOf("5 1"), rules, 0), {
		kind: "run",
		take: 1,
		closedBecause: "unbatched",
	});
});

test("nothing waits: nothing is decided, for ever", () => {
	const rules = { maxRows: 8, preferredRows: [], maxDelayUs: 0 };
	assert.deepEqual(decideBatch(queueOf(""), rules, 0), {
		kind: "wait",
		untilUs: Number.POSITIVE_INFINITY,
	});
});

test("no batch is over the limit, mixes shapes or waits beyond the delay", () => {
	const anyQueue = fc.array(
		fc.record({
			rows: fc.integer({ min: 1, max: 8 }),
			shape: fc.constantFrom("", "", "b"),
			enqueuedUs: fc.integer({ min: 0, max: 100 }),
		}),
		{ minLength: 1, maxLength: 20 },
	);
	fc.assert(
		fc.property(
			anyQueue,
			fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 3 }),
			fc.constantFrom(0, 40, 1000),
			fc.boolean(),
			(waiting, preferred, maxDelayUs, isDraining) => {
				const preferredRows = preferred.toSorted((a, b) => a - b);
				const entries = waiting.map(({ rows, shape, enqueuedUs }) => {
					const entry = new TestEntry("", { rows, shapeKey: shape });
					entry.enqueuedUs = enqueuedUs;
					return entry;
				});
				const queue = new EntryQueue<TestEntry>(1);
				for (const entry of entries) queue.push(entry);
				const rules = { maxRows: 8, preferredRows, maxDelayUs };
				const nowUs = 100;
				const decision = decideBatch(queue, rules, nowUs, isDraining);
				if (decision.kind === "wait") {
					assert.ok(maxDelayUs > 0 && !isDraining);
					assert.ok(decision.untilUs > nowUs);
					assert.equal(
						decision.untilUs,
						Math.min(...entries.map(({ enqueuedUs }) => enqueuedUs)) +
							maxDelayUs,
					);
					return;
				}
				const batch = entries.slice(0, decision.take);
				const rows = batch.reduce((sum, entry) => sum + entry.rows, 0);
				assert.ok(decision.take >= 1 && batch.length === decision.take);
				assert.ok(rows <= 8);
				assert.equal(new Set(batch.map(({ shapeKey }) => shapeKey)).size, 1);
			},
		),
		{ seed: 11, numRuns: 2000 },
	);
});
