import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { intersectionOverUnion } from "./iou.ts";

const iou = (a: readonly number[], b: readonly number[]) =>
	intersectionOverUnion(a, 0, b, 0);

const box = fc
	.tuple(fc.nat(50), fc.nat(50), fc.nat(50), fc.nat(50))
	.map(([x, y, width, height]) => [
		x - 9,
		y - 9,
		x - 9 + width,
		y - 9 + height,
	]);

test("half a box over the other half is a third", () => {
	assert.equal(iou([0, 0, 2, 1], [1, 0, 3, 1]), 1 / 3);
});

test("boxes that touch share nothing, and boxes without area count as apart", () => {
	assert.equal(iou([0, 0, 1, 1], [1, 0, 2, 1]), 0);
	assert.equal(iou([1, 1, 1, 1], [1, 1, 1, 1]), 0);
});

test("it is symmetric, at most 1, and equals a count of shared pixels", () => {
	fc.assert(
		fc.property(box, box, (a, b) => {
			const value = iou(a, b);
			assert.equal(value, iou(b, a));
			assert.equal(value, countedOverlap(a, b));
			assert.ok(value >= 0 && value <= 1);
		}),
		{ seed: 5, numRuns: 200 },
	);
});

function countedOverlap(a: readonly number[], b: readonly number[]): number {
	let shared = 0;
	let either = 0;
	for (let y = -9; y < 92; y++)
		for (let x = -9; x < 92; x++) {
			const inA = contains(a, x, y);
			const inB = contains(b, x, y);
			if (inA && inB) shared++;
			if (inA || inB) either++;
		}
	return either === 0 ? 0 : shared / either;
}

function contains(area: readonly number[], x: number, y: number): boolean {
	const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = area;
	return x >= x1 && x < x2 && y >= y1 && y < y2;
}

test("boxes are read where the indices point", () => {
	const boxes = [9, 9, 9, 9, 0, 0, 4, 4];
	assert.equal(intersectionOverUnion(boxes, 4, [0, 0, 4, 4], 0), 1);
});
