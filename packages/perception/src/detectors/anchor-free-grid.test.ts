import assert from "node:assert/strict";
import { test } from "node:test";
import { createDetections } from "../boxes/detections.ts";
import { AnchorFreeGridDecoder } from "./anchor-free-grid.ts";

// 2 rows × 3 columns of 10 × 20 pixels, 2 classes.
const decoder = new AnchorFreeGridDecoder({
	classCount: 2,
	rows: 2,
	columns: 3,
	inputWidth: 30,
	inputHeight: 40,
});

/** Channels of one cell; all others are silent. */
function outputWith(cell: number, channels: readonly number[]): Float32Array {
	const output = new Float32Array(7 * 6);
	for (const [channel, value] of channels.entries())
		output[channel * 6 + cell] = value;
	return output;
}

test("a cell becomes a box around its offset centre, as large as its share of the image", () => {
	const found = createDetections(6);
	// tanh(0) = 0 and sigmoid(0) = ½: row 1, column 2.
	decoder.decode(outputWith(5, [1, 0, 0, 0, 0, 0.25, 0.75]), 0.5, found);
	assert.equal(found.count, 1);
	assert.equal(found.classIds[0], 1);
	assert.deepEqual([...found.boxes.subarray(0, 4)], [12.5, 10, 27.5, 30]);
	assert.ok(Math.abs((found.scores[0] ?? 0) - 0.75 ** 0.4) < 1e-6);
});

test("offsets move the centre by at most one cell", () => {
	const found = createDetections(6);
	const channels = [1, 99, -99, 0, 0, 1, 0];
	decoder.decode(outputWith(0, channels), 0.5, found);
	const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = found.boxes;
	assert.deepEqual([(x1 + x2) / 2, (y1 + y2) / 2], [10, -20]);
});

test("the score weighs objectness by 0.6 and class by 0.4, and must exceed the threshold", () => {
	const found = createDetections(6);
	const output = outputWith(2, [0.5, 0, 0, 0, 0, 0.9, 0.1]);
	const score = 0.5 ** 0.6 * 0.9 ** 0.4;
	decoder.decode(output, score - 1e-4, found);
	assert.equal(found.count, 1);
	decoder.decode(output, score + 1e-4, found);
	assert.equal(found.count, 0);
});

test("an output or a result of the wrong size is refused", () => {
	assert.throws(
		() => decoder.decode(new Float32Array(41), 0.5, createDetections(6)),
		/output has 41 elements where 42/,
	);
	assert.throws(
		() => decoder.decode(new Float32Array(42), 0.5, createDetections(5)),
		/up to 6 detections, but room for 5/,
	);
});
