import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createDetections } from "./detections.ts";
import {
	createRotatedDetections,
	type RotatedDetections,
	toRotatedDetections,
} from "./rotated-detections.ts";
import { rotatedIntersectionOverUnion } from "./rotated-iou.ts";
import { RotatedSuppression } from "./rotated-suppression.ts";

interface Entry {
	readonly box: readonly number[];
	readonly score: number;
	readonly classId: number;
}

function detectionsOf(entries: readonly Entry[]): RotatedDetections {
	const detections = createRotatedDetections(entries.length);
	detections.count = entries.length;
	for (const [i, entry] of entries.entries()) {
		detections.rotatedBoxes.set(entry.box, 5 * i);
		detections.scores[i] = entry.score;
		detections.classIds[i] = entry.classId;
	}
	return detections;
}

function entriesOf(detections: RotatedDetections): Entry[] {
	return Array.from({ length: detections.count }, (_, i) => ({
		box: [...detections.rotatedBoxes.subarray(5 * i, 5 * i + 5)],
		score: detections.scores[i] ?? Number.NaN,
		classId: detections.classIds[i] ?? -1,
	}));
}

test("two long boxes side by side at an angle both stay, though their upright hulls overlap", () => {
	const lane = { box: [0, 0, 8, 1, 0.75], score: 0.75, classId: 0 };
	const beside = { box: [-1.5, 1.5, 8, 1, 0.75], score: 0.5, classId: 0 };
	const twin = { box: [0.5, 0, 8, 1, 0.75], score: 0.25, classId: 0 };
	const kept = createRotatedDetections(3);
	new RotatedSuppression(3).run(detectionsOf([twin, beside, lane]), kept);
	assert.deepEqual(entriesOf(kept), [lane, beside]);
});

const entry = fc.record({
	// Quarters and eighths are exact in 32 bits, so that entries compare.
	box: fc
		.tuple(fc.nat(40), fc.nat(40), fc.nat(20), fc.nat(20), fc.nat(50))
		.map(([x, y, length, width, yaw]) => [
			x / 4,
			y / 4,
			(length + 1) / 4,
			(width + 1) / 4,
			yaw / 8,
		]),
	score: fc.nat(8).map((level) => level / 8),
	classId: fc.nat(1),
});

test("survivors are sorted, apart, and every one that went is covered by a better one", () => {
	fc.assert(
		fc.property(
			fc.array(entry, { maxLength: 30 }),
			fc.boolean(),
			(entries, perClass) => {
				const into = createRotatedDetections(entries.length);
				const suppression = new RotatedSuppression(entries.length, {
					perClass,
				});
				suppression.run(detectionsOf(entries), into);
				const kept = entriesOf(into);
				const covers = (a: Entry, b: Entry) =>
					(!perClass || a.classId === b.classId) &&
					rotatedIntersectionOverUnion(a.box, 0, b.box, 0) > 0.2;
				for (const [i, one] of kept.entries())
					for (const other of kept.slice(i + 1)) {
						assert.ok(one.score >= other.score);
						assert.ok(!covers(one, other));
					}
				for (const gone of entries)
					assert.ok(
						kept.some((one) => one.score >= gone.score && covers(one, gone)),
					);
			},
		),
		{ seed: 14, numRuns: 300 },
	);
});

test("at most so many stay, and too little room or one object for both roles is refused", () => {
	const far = { box: [50, 0, 1, 1, 0], score: 0.25, classId: 0 };
	const good = { box: [0, 0, 1, 1, 0], score: 0.75, classId: 0 };
	const candidates = detectionsOf([far, good]);
	const kept = createRotatedDetections(1);
	new RotatedSuppression(2, { maxCount: 1 }).run(candidates, kept);
	assert.deepEqual(entriesOf(kept), [good]);
	assert.throws(
		() => new RotatedSuppression(1).run(candidates, kept),
		/2 candidates, but a capacity of 1/,
	);
	assert.throws(
		() => new RotatedSuppression(2).run(candidates, kept),
		/up to 2 rotated detections, but room for 1/,
	);
	assert.throws(
		() => new RotatedSuppression(2).run(candidates, candidates),
		/two objects/,
	);
});

test("an upright box becomes a rotated one of the same corners", () => {
	const upright = createDetections(2);
	upright.count = 1;
	upright.boxes.set([1, 2, 5, 4]);
	upright.scores[0] = 0.5;
	upright.classIds[0] = 3;
	const into = createRotatedDetections(1);
	into.rotatedBoxes[4] = 9;
	toRotatedDetections(upright, into);
	assert.deepEqual(entriesOf(into), [
		{ box: [3, 3, 4, 2, 0], score: 0.5, classId: 3 },
	]);
	upright.count = 2;
	assert.throws(() => toRotatedDetections(upright, into), /room for 1/);
});
