import assert from "node:assert/strict";
import { test } from "node:test";
import { clipBoxes, mapBoxes, stretchMapping } from "./box-mapping.ts";
import { createDetections } from "./detections.ts";

function detectionsOf(...boxes: readonly (readonly number[])[]) {
	const detections = createDetections(boxes.length + 1);
	detections.count = boxes.length;
	detections.boxes.set(boxes.flat());
	return detections;
}

test("a stretched picture has its own scale on each axis", () => {
	const found = detectionsOf([0, 0, 352, 352], [88, 176, 176, 264]);
	const network = { width: 352, height: 352 };
	mapBoxes(found, stretchMapping(network, { width: 704, height: 176 }));
	assert.deepEqual(
		[...found.boxes],
		[0, 0, 704, 176, 176, 88, 352, 132, 0, 0, 0, 0],
	);
});

test("offsets are added after scaling", () => {
	const found = detectionsOf([1, 2, 3, 4]);
	mapBoxes(found, { scaleX: 2, scaleY: 3, offsetX: -1, offsetY: 5 });
	assert.deepEqual([...found.boxes.subarray(0, 4)], [1, 11, 5, 17]);
});

test("clipping moves what is outside onto the border, and nothing else", () => {
	const found = detectionsOf([-5, -1, 20, 8], [2, 3, 4, 99]);
	clipBoxes(found, { width: 10, height: 9 });
	assert.deepEqual([...found.boxes.subarray(0, 8)], [0, 0, 10, 8, 2, 3, 4, 9]);
});

test("entries beyond the count stay as they are", () => {
	const found = detectionsOf([1, 1, 2, 2]);
	found.boxes[4] = -7;
	clipBoxes(found, { width: 1, height: 1 });
	assert.equal(found.boxes[4], -7);
});
