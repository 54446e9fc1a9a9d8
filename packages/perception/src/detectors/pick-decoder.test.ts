import assert from "node:assert/strict";
import { test } from "node:test";
import { COCO_NAMES } from "./coco-names.ts";
import { pickDecoder } from "./pick-decoder.ts";

const at640 = { inputWidth: 640, inputHeight: 640 };
const at352 = { inputWidth: 352, inputHeight: 352 };

function describeHead(
	shapes: readonly (readonly number[])[],
	options: Parameters<typeof pickDecoder>[1],
): string {
	const picked = pickDecoder(shapes, options);
	if (picked === null) return "none";
	const { layout, classCount, candidateCount } = picked.decoder;
	return `${picked.outputIndex}: ${layout}, ${classCount} classes, ${candidateCount} candidates`;
}

test("each head is known by its shape", () => {
	assert.equal(
		describeHead([[1, 85, 22, 22]], at352),
		"0: anchor-free-grid, 80 classes, 484 candidates",
	);
	assert.equal(
		describeHead([[1, 25200, 85]], at640),
		"0: yolov5, 80 classes, 25200 candidates",
	);
	assert.equal(
		describeHead([[1, 84, 8400]], at640),
		"0: yolov8, 80 classes, 8400 candidates",
	);
});

test("other outputs beside the head are passed over", () => {
	const raw = [1, 3, 80, 80, 85];
	assert.equal(
		describeHead([raw, [1, 25200, 85]], at640),
		"1: yolov5, 80 classes, 25200 candidates",
	);
});

test("what is no detector is not taken for one", () => {
	const others = {
		classification: [1, 1000],
		"classification with planes": [1, 1000, 1, 1],
		segmentation: [1, 21, 640, 640],
		"oblong cells": [1, 85, 20, 10],
		"no class left": [1, 5, 20, 20],
		"two images": [2, 84, 8400],
		square: [1, 85, 85],
		scalar: [],
	};
	for (const [what, shape] of Object.entries(others))
		assert.equal(describeHead([shape], at640), "none", what);
});

test("two outputs that would fit are one too many, unless the class count decides", () => {
	const shapes = [
		[1, 84, 8400],
		[1, 25, 40, 40],
	];
	assert.equal(describeHead(shapes, at640), "none");
	assert.equal(
		describeHead(shapes, { ...at640, classCount: 80 }),
		"0: yolov8, 80 classes, 8400 candidates",
	);
});

test("COCO has 80 classes, each once", () => {
	assert.equal(COCO_NAMES.length, 80);
	assert.equal(new Set(COCO_NAMES).size, 80);
	assert.deepEqual(
		[COCO_NAMES[0], COCO_NAMES[2], COCO_NAMES[79]],
		["person", "car", "toothbrush"],
	);
});
