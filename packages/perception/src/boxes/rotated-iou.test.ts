import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniform } from "../testing/uniform.ts";
import { intersectionOverUnion } from "./iou.ts";
import { rotatedIntersectionOverUnion } from "./rotated-iou.ts";

const iou = (a: readonly number[], b: readonly number[]) =>
	rotatedIntersectionOverUnion(a, 0, b, 0);

const close = (actual: number, expected: number, tolerance = 1e-9) =>
	assert.ok(
		Math.abs(actual - expected) <= tolerance,
		`${actual} is not ${expected} ± ${tolerance}`,
	);

const box = fc.tuple(
	uniform(-3, 3),
	uniform(-3, 3),
	uniform(0.2, 6),
	uniform(0.2, 6),
	uniform(-7, 7),
);

test("a square turned by 45° inside its twin shares the octagon", () => {
	const octagon = 8 * (Math.SQRT2 - 1);
	close(
		iou([0, 0, 2, 2, 0], [0, 0, 2, 2, Math.PI / 4]),
		octagon / (8 - octagon),
	);
});

test("boxes that touch or lie apart share nothing", () => {
	assert.equal(iou([0, 0, 2, 2, 0], [2, 0, 2, 2, 0]), 0);
	// Their circles meet, they do not.
	assert.equal(iou([0, 0, 10, 0.1, 0], [0, 2, 10, 0.1, 0]), 0);
});

test("without an area, or with a number that is not finite, nothing is shared", () => {
	const whole = [0, 0, 2, 2, 0];
	for (const broken of [
		[0, 0, 0, 2, 0],
		[0, 0, 2, -2, 0],
		[Number.NaN, 0, 2, 2, 0],
		[0, 0, Number.NaN, 2, 0],
		[0, 0, 2, 2, Number.NaN],
		[0, 0, 2, 2, Number.POSITIVE_INFINITY],
		[0, 0, Number.POSITIVE_INFINITY, 2, 0],
	]) {
		assert.equal(iou(whole, broken), 0, `${broken}`);
		assert.equal(iou(broken, whole), 0, `${broken}`);
	}
});

test("upright boxes overlap as upright boxes do", () => {
	fc.assert(
		fc.property(box, box, (a, b) => {
			const uprightA = [a[0], a[1], a[2], a[3], 0];
			const uprightB = [b[0], b[1], b[2], b[3], 0];
			const corners = ([x, y, l, w]: readonly number[]) => [
				x! - l! / 2,
				y! - w! / 2,
				x! + l! / 2,
				y! + w! / 2,
			];
			close(
				iou(uprightA, uprightB),
				intersectionOverUnion(corners(uprightA), 0, corners(uprightB), 0),
			);
		}),
		{ seed: 11, numRuns: 300 },
	);
});

test("it is symmetric, at most 1, blind to half turns, and unmoved by moving both", () => {
	fc.assert(
		fc.property(box, box, box, (a, b, motion) => {
			const value = iou(a, b);
			assert.ok(value >= 0 && value <= 1);
			close(iou(b, a), value);
			close(iou([a[0], a[1], a[2], a[3], a[4] + Math.PI], b), value);
			close(iou(moved(a, motion), moved(b, motion)), value);
			close(iou(a, a), 1);
		}),
		{ seed: 12, numRuns: 500 },
	);
});

/** Turned about the origin and shifted by kilometres, as on a map. */
function moved(a: readonly number[], motion: readonly number[]): number[] {
	const [x = 0, y = 0, l = 0, w = 0, yaw = 0] = a;
	const [shiftX = 0, shiftY = 0, , , turn = 0] = motion;
	const cos = Math.cos(turn);
	const sin = Math.sin(turn);
	return [
		cos * x - sin * y + 1000 * shiftX,
		sin * x + cos * y + 1000 * shiftY,
		l,
		w,
		yaw + turn,
	];
}

test("it equals a count of fine cells", () => {
	fc.assert(
		fc.property(box, box, (a, b) => {
			close(iou(a, b), countedOverlap(a, b), 0.03);
		}),
		{ seed: 13, numRuns: 60 },
	);
});

function countedOverlap(a: readonly number[], b: readonly number[]): number {
	const cell = 0.02 * Math.min(a[2]!, a[3]!, b[2]!, b[3]!) + 0.01;
	let shared = 0;
	let either = 0;
	for (let y = -7.5; y < 7.5; y += cell)
		for (let x = -7.5; x < 7.5; x += cell) {
			const inA = contains(a, x, y);
			const inB = contains(b, x, y);
			if (inA && inB) shared++;
			if (inA || inB) either++;
		}
	return either === 0 ? 0 : shared / either;
}

function contains(area: readonly number[], x: number, y: number): boolean {
	const [cx = 0, cy = 0, l = 0, w = 0, yaw = 0] = area;
	const along = Math.cos(yaw) * (x - cx) + Math.sin(yaw) * (y - cy);
	const across = Math.cos(yaw) * (y - cy) - Math.sin(yaw) * (x - cx);
	return Math.abs(along) <= l / 2 && Math.abs(across) <= w / 2;
}

test("boxes are read where the indices point", () => {
	const boxes = [9, 9, 9, 9, 9, 1, 2, 3, 4, 0.5];
	close(rotatedIntersectionOverUnion(boxes, 5, [1, 2, 3, 4, 0.5], 0), 1);
});
