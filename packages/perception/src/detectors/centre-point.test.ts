import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRotatedDetections } from "../boxes/rotated-detections.ts";
import { uniform } from "../testing/uniform.ts";
import { CentrePointDecoder, type CentrePointOutput } from "./centre-point.ts";

const grid = { minXM: -4, minYM: -10, cellM: 0.5, rows: 40, columns: 48 };
const PLANE = grid.rows * grid.columns;

function silent(classCount: number, floor = 0): CentrePointOutput {
	return {
		heatmap: new Float32Array(classCount * PLANE).fill(floor),
		offset: new Float32Array(2 * PLANE),
		size: new Float32Array(2 * PLANE),
		yaw: new Float32Array(2 * PLANE),
	};
}

interface Target {
	readonly x: number;
	readonly y: number;
	readonly length: number;
	readonly width: number;
	readonly yaw: number;
	readonly classId: number;
	readonly score: number;
}

/** What a perfect network says: a peak that falls off around it, and the rest in its cell. */
function encode(
	output: CentrePointOutput,
	target: Target,
	harmonic: number,
	toMap: (score: number) => number,
): void {
	const u = (target.x - grid.minXM) / grid.cellM;
	const v = (target.y - grid.minYM) / grid.cellM;
	const column = Math.floor(u);
	const row = Math.floor(v);
	for (let y = row - 1; y <= row + 1; y++)
		for (let x = column - 1; x <= column + 1; x++) {
			const at = target.classId * PLANE + y * grid.columns + x;
			const isCentre = y === row && x === column;
			output.heatmap[at] = toMap(target.score * (isCentre ? 1 : 0.9));
		}
	const cell = row * grid.columns + column;
	output.offset[cell] = u - column;
	output.offset[PLANE + cell] = v - row;
	output.size[cell] = Math.log(target.length);
	output.size[PLANE + cell] = Math.log(target.width);
	output.yaw[cell] = 0.3 * Math.sin(harmonic * target.yaw);
	output.yaw[PLANE + cell] = 0.3 * Math.cos(harmonic * target.yaw);
}

// One place per 4 × 4 cells, so that no two peaks are neighbours.
const place = fc.record({
	block: fc.nat(9 * 11 - 1),
	inX: uniform(1.01, 2.99),
	inY: uniform(1.01, 2.99),
	length: uniform(0.4, 9),
	width: uniform(0.4, 3),
	yaw: uniform(-1.55, 1.55),
	classId: fc.nat(2),
	score: uniform(0.5, 0.99),
});

test("what was encoded is decoded, from logits and probabilities, with single and double angle", () => {
	fc.assert(
		fc.property(
			fc.uniqueArray(place, { maxLength: 20, selector: (p) => p.block }),
			fc.constantFrom<1 | 2>(1, 2),
			fc.constantFrom<"logits" | "probabilities">("logits", "probabilities"),
			(places, yawHarmonic, scores) => {
				const toMap = (p: number) =>
					scores === "logits" ? Math.log(p / (1 - p)) : p;
				const output = silent(3, toMap(0.01));
				const targets = places.map((p) => ({
					...p,
					x: grid.minXM + (4 * (p.block % 11) + p.inX) * grid.cellM,
					y: grid.minYM + (4 * Math.floor(p.block / 11) + p.inY) * grid.cellM,
				}));
				for (const target of targets)
					encode(output, target, yawHarmonic, toMap);
				const found = createRotatedDetections(20);
				const buffers = { ...found };
				new CentrePointDecoder({
					grid,
					classCount: 3,
					scores,
					yawHarmonic,
				}).decode(output, 0.4, found);
				assert.equal(found.rotatedBoxes, buffers.rotatedBoxes);
				assert.equal(found.count, targets.length);
				for (let i = 0; i < found.count; i++) {
					const [x = 0, y = 0, length = 0, width = 0, yaw = 0] =
						found.rotatedBoxes.subarray(5 * i);
					const match = targets.find(
						(t) => Math.hypot(t.x - x, t.y - y) < 1e-4,
					);
					assert.ok(match, `nothing was encoded at (${x}, ${y})`);
					assert.equal(found.classIds[i], match.classId);
					assert.ok(Math.abs(length - match.length) < 1e-4);
					assert.ok(Math.abs(width - match.width) < 1e-4);
					assert.ok(Math.abs(yaw - match.yaw) < 1e-4);
					assert.ok(Math.abs((found.scores[i] ?? 0) - match.score) < 1e-4);
				}
			},
		),
		{ seed: 21, numRuns: 150 },
	);
});

test("a plateau is one object, at its first cell", () => {
	const output = silent(1);
	output.heatmap.fill(0.8, 100, 103);
	const found = createRotatedDetections(9);
	new CentrePointDecoder({ grid, classCount: 1 }).decode(output, 0.5, found);
	assert.equal(found.count, 1);
	assert.deepEqual(
		[...found.rotatedBoxes.subarray(0, 4)],
		[-4 + 4 * 0.5, -10 + 2 * 0.5, 1, 1],
	);
});

test("peaks at the border count, and the last column is no neighbour of the next row's first", () => {
	const output = silent(1);
	output.heatmap[grid.columns - 1] = 0.9;
	output.heatmap[grid.columns] = 0.8;
	output.heatmap[PLANE - 1] = 0.7;
	const found = createRotatedDetections(9);
	new CentrePointDecoder({ grid, classCount: 1 }).decode(output, 0.5, found);
	assert.deepEqual(
		Array.from(found.scores.subarray(0, found.count), (s) => s.toFixed(1)),
		["0.9", "0.8", "0.7"],
	);
});

test("with more peaks than room the best stay", () => {
	fc.assert(
		fc.property(
			fc.uniqueArray(fc.integer({ min: 51, max: 99 }), { maxLength: 40 }),
			fc.nat(8),
			(percents, room) => {
				const output = silent(1);
				for (const [i, percent] of percents.entries())
					output.heatmap[i * 2 * grid.columns * 1 + ((i * 2) % 40)] =
						i < 20 ? percent / 100 : 0;
				const expected = percents
					.slice(0, 20)
					.sort((a, b) => b - a)
					.slice(0, room);
				const found = createRotatedDetections(room);
				new CentrePointDecoder({ grid, classCount: 1 }).decode(
					output,
					0.5,
					found,
				);
				assert.deepEqual(
					Array.from(found.scores.subarray(0, found.count), (s) =>
						Math.round(100 * s),
					).sort((a, b) => b - a),
					expected,
				);
			},
		),
		{ seed: 22, numRuns: 100 },
	);
});

test("scores that are not numbers are no objects, and maps that do not fit are refused", () => {
	const decoder = new CentrePointDecoder({ grid, classCount: 1 });
	const found = createRotatedDetections(9);
	decoder.decode(silent(1, Number.NaN), 0.5, found);
	assert.equal(found.count, 0);
	assert.throws(
		() => decoder.decode(silent(2), 0.5, found),
		/heatmap has 3840 elements where 1920/,
	);
	assert.throws(
		() =>
			decoder.decode({ ...silent(1), yaw: new Float32Array(7) }, 0.5, found),
		/yaw has 7 elements where 3840/,
	);
	assert.throws(
		() =>
			new CentrePointDecoder({ grid: { ...grid, cellM: 0 }, classCount: 1 }),
		/cells of 0 m/,
	);
});
