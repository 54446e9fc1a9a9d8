import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createDetections, type Detections } from "./detections.ts";
import { intersectionOverUnion } from "./iou.ts";
import {
	NonMaximumSuppression,
	type SuppressionOptions,
} from "./non-maximum-suppression.ts";

interface Entry {
	readonly box: readonly number[];
	readonly score: number;
	readonly classId: number;
}

function detectionsOf(entries: readonly Entry[]): Detections {
	const detections = createDetections(entries.length);
	detections.count = entries.length;
	for (const [i, entry] of entries.entries()) {
		detections.boxes.set(entry.box, 4 * i);
		detections.scores[i] = entry.score;
		detections.classIds[i] = entry.classId;
	}
	return detections;
}

function entriesOf(detections: Detections): Entry[] {
	return Array.from({ length: detections.count }, (_, i) => ({
		box: [...detections.boxes.subarray(4 * i, 4 * i + 4)],
		score: detections.scores[i] ?? Number.NaN,
		classId: detections.classIds[i] ?? -1,
	}));
}

function suppress(entries: readonly Entry[], options?: SuppressionOptions) {
	const kept = createDetections(entries.length);
	const suppression = new NonMaximumSuppression(entries.length, options);
	suppression.run(detectionsOf(entries), kept);
	return entriesOf(kept);
}

const good = { box: [0, 0, 10, 10], score: 0.75, classId: 1 };
const near = { box: [1, 0, 11, 10], score: 0.5, classId: 1 };
const nearOther = { ...near, classId: 2 };
const far = { box: [50, 50, 60, 60], score: 0.25, classId: 1 };

test("the best box stays, its neighbours go, distant ones stay", () => {
	assert.deepEqual(suppress([far, near, good]), [good, far]);
});

test("another class is another matter, unless asked otherwise", () => {
	assert.deepEqual(suppress([good, nearOther]), [good, nearOther]);
	assert.deepEqual(suppress([good, nearOther], { perClass: false }), [good]);
});

test("only more overlap than the threshold suppresses", () => {
	const half = { ...near, box: [0, 0, 10, 5] };
	assert.equal(suppress([good, half], { iouThreshold: 0.5 }).length, 2);
	assert.equal(suppress([good, half], { iouThreshold: 0.49 }).length, 1);
});

test("at most so many stay, the best ones", () => {
	assert.deepEqual(suppress([far, good], { maxCount: 1 }), [good]);
});

const entry = fc.record({
	box: fc
		.tuple(fc.nat(20), fc.nat(20), fc.nat(9), fc.nat(9))
		.map(([x, y, width, height]) => [x, y, x + width + 1, y + height + 1]),
	// Few levels, so that ties happen; eighths are exact in 32 bits.
	score: fc.nat(8).map((level) => level / 8),
	classId: fc.nat(2),
});

test("survivors are sorted, apart, and every one that went is covered by a better one", () => {
	fc.assert(
		fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
			const kept = suppress(entries);
			const covers = (a: Entry, b: Entry) =>
				a.classId === b.classId &&
				intersectionOverUnion(a.box, 0, b.box, 0) > 0.45;
			for (const [i, one] of kept.entries())
				for (const other of kept.slice(i + 1)) {
					assert.ok(one.score >= other.score);
					assert.ok(!covers(one, other));
				}
			for (const gone of entries)
				assert.ok(
					kept.some((one) => one.score >= gone.score && covers(one, gone)),
				);
		}),
		{ seed: 6, numRuns: 300 },
	);
});

test("equal scores keep the order in which they were found", () => {
	const tied = Array.from({ length: 9 }, (_, i) => ({
		box: [20 * i, 0, 20 * i + 5, 5],
		score: 0.5,
		classId: i,
	}));
	assert.deepEqual(suppress(tied), tied);
});

test("the candidates stay as they were", () => {
	const candidates = detectionsOf([far, near, good]);
	new NonMaximumSuppression(3).run(candidates, createDetections(3));
	assert.deepEqual(entriesOf(candidates), [far, near, good]);
});

test("too little room, and one object for both roles, are refused", () => {
	const candidates = detectionsOf([good, far]);
	assert.throws(
		() => new NonMaximumSuppression(1).run(candidates, createDetections(2)),
		/2 candidates, but a capacity of 1/,
	);
	assert.throws(
		() => new NonMaximumSuppression(2).run(candidates, createDetections(1)),
		/up to 2 detections, but room for 1/,
	);
	assert.throws(
		() => new NonMaximumSuppression(2).run(candidates, candidates),
		/two objects/,
	);
});
