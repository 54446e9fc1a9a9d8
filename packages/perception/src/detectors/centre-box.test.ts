import assert from "node:assert/strict";
import { test } from "node:test";
import { createDetections } from "../boxes/detections.ts";
import { CentreBoxDecoder } from "./centre-box.ts";

const SHAPE = { classCount: 2, rows: 6, columns: 8, stridePx: 4 };
const CELLS = 48;

function empty() {
	return {
		heatmap: new Float32Array(2 * CELLS).fill(-9),
		edges: new Float32Array(4 * CELLS),
	};
}

test("a peak is a box by the distances of its edges, with the score and class of its map", () => {
	const output = empty();
	const cell = 2 * 8 + 3;
	output.heatmap[CELLS + cell] = 1;
	output.heatmap[CELLS + cell + 1] = 0.5;
	for (const [side, pixels] of [3, 5, 7, 9].entries())
		output.edges[side * CELLS + cell] = Math.log(pixels);
	const into = createDetections(256);
	new CentreBoxDecoder(SHAPE).decode(output, 0.3, into);
	assert.equal(into.count, 1, "the neighbour is no peak");
	// The cell's centre is at (14, 10).
	for (const [i, side] of [11, 5, 21, 19].entries())
		assert.ok(Math.abs((into.boxes[i] ?? 0) - side) < 1e-4);
	assert.equal(into.classIds[0], 1);
	assert.ok(Math.abs((into.scores[0] ?? 0) - 1 / (1 + Math.exp(-1))) < 1e-6);
});

test("what does not exceed the threshold is nothing, and a full list stays full", () => {
	const output = empty();
	output.heatmap[0] = 0;
	output.heatmap[20] = 2;
	output.heatmap[40] = 2;
	const into = createDetections(1);
	const decoder = new CentreBoxDecoder({ ...SHAPE, maxCount: 1 });
	decoder.decode(output, 0.5, into);
	assert.equal(into.count, 1);
	assert.ok(Math.abs((into.scores[0] ?? 0) - 1 / (1 + Math.exp(-2))) < 1e-6);
	output.heatmap.fill(-9);
	decoder.decode(output, 0.5, into);
	assert.equal(into.count, 0);
});

test("maps or room of the wrong size are refused", () => {
	const decoder = new CentreBoxDecoder(SHAPE);
	const output = empty();
	assert.throws(
		() => decoder.decode(output, 0.5, createDetections(8)),
		RangeError,
	);
	const short = { ...output, edges: new Float32Array(3) };
	assert.throws(
		() => decoder.decode(short, 0.5, createDetections(256)),
		/edges has 3/,
	);
});
