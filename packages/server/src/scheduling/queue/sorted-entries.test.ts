import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TestEntry } from "../testing/test-entry.ts";
import { EntryQueue } from "./entry-queue.ts";

interface Waiting {
	readonly entry: TestEntry;
	readonly arrival: number;
}

/** What is waiting, in the order in which it should be served. */
function inOrder(waiting: readonly Waiting[]): TestEntry[] {
	return waiting
		.toSorted(
			(a, b) =>
				a.entry.level - b.entry.level ||
				(a.entry.orderUs === b.entry.orderUs
					? a.arrival - b.arrival
					: a.entry.orderUs - b.entry.orderUs),
		)
		.map(({ entry }) => entry);
}

function walk(queue: EntryQueue<TestEntry>): TestEntry[] {
	const walked: TestEntry[] = [];
	for (let entry = queue.first(); entry !== null; entry = queue.next())
		walked.push(entry);
	return walked;
}

type Step =
	| {
			readonly do: "push";
			readonly orderUs: number;
			readonly rows: number;
			readonly level: number;
	  }
	| { readonly do: "remove" | "delay"; readonly pick: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.record({
			do: fc.constant("push" as const),
			orderUs: fc.integer({ min: 0, max: 40 }),
			rows: fc.integer({ min: 1, max: 4 }),
			level: fc.integer({ min: 1, max: 3 }),
		}),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constantFrom("remove" as const, "delay" as const),
			pick: fc.nat(),
		}),
	},
);

test("entries are served by level, order and arrival, whatever joined, left or was delayed", () => {
	fc.assert(
		fc.property(
			fc.array(anyStep, { maxLength: 1500, size: "max" }),
			(steps) => {
				const queue = new EntryQueue<TestEntry>(3);
				let waiting: Waiting[] = [];
				let arrival = 0;
				for (const step of steps) {
					if (step.do === "push") {
						const entry = new TestEntry("", { rows: step.rows });
						entry.level = step.level;
						entry.orderUs = step.orderUs;
						queue.push(entry);
						waiting.push({ entry, arrival: arrival++ });
						continue;
					}
					const picked = waiting[step.pick % Math.max(waiting.length, 1)];
					if (picked === undefined) continue;
					waiting = waiting.filter((other) => other !== picked);
					if (step.do === "remove") {
						queue.remove(picked.entry);
					} else {
						queue.delay(picked.entry);
						waiting.push({ entry: picked.entry, arrival: arrival++ });
					}
				}
				const expected = inOrder(waiting);
				assert.deepEqual(walk(queue), expected);
				assert.equal(queue.head(), expected[0] ?? null);
				assert.equal(queue.count, expected.length);
				assert.equal(
					queue.rows,
					expected.reduce((sum, { rows }) => sum + rows, 0),
				);
				for (const orderUs of [-1, 0, 13, 40]) {
					const before = expected.filter(
						({ level, orderUs: own }) =>
							level < 2 || (level === 2 && own <= orderUs),
					);
					assert.equal(
						queue.rowsBefore(2, orderUs, Number.POSITIVE_INFINITY),
						before.reduce((sum, { rows }) => sum + rows, 0),
					);
				}
			},
		),
		{ numRuns: 60 },
	);
});

test("counting ahead stops soon after it is enough", () => {
	const queue = new EntryQueue<TestEntry>(1);
	for (let i = 0; i < 10_000; i++) queue.push(new TestEntry(""));
	const counted = queue.rowsBefore(1, 0, 10);
	assert.ok(counted > 10 && counted < 1000, `${counted}`);
});
