import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createDetections } from "../boxes/detections.ts";
import { YoloDecoder } from "./yolo.ts";

test("yolov5: a row per box, score = objectness · class", () => {
	const decoder = new YoloDecoder({
		layout: "yolov5",
		classCount: 2,
		candidateCount: 3,
	});
	const found = createDetections(3);
	decoder.decode(
		Float32Array.of(
			...[0, 0, 0, 0, 0.25, 1, 1], // no object
			...[50, 40, 20, 10, 0.75, 0.25, 1],
			...[50, 40, 20, 10, 1, 0.25, 0.5], // classes too weak
		),
		0.5,
		found,
	);
	assert.equal(found.count, 1);
	assert.deepEqual([...found.boxes.subarray(0, 4)], [40, 35, 60, 45]);
	assert.deepEqual([found.scores[0], found.classIds[0]], [0.75, 1]);
});

test("yolov8: a column per box, score = class", () => {
	const decoder = new YoloDecoder({
		layout: "yolov8",
		classCount: 2,
		candidateCount: 3,
	});
	const found = createDetections(3);
	decoder.decode(
		Float32Array.of(
			...[9, 50, 9],
			...[9, 40, 9],
			...[9, 20, 9],
			...[9, 10, 9],
			...[0.5, 0.25, 0],
			...[0, 0.75, 0.25],
		),
		0.5,
		found,
	);
	assert.equal(found.count, 1);
	assert.deepEqual([...found.boxes.subarray(0, 4)], [40, 35, 60, 45]);
	assert.deepEqual([found.scores[0], found.classIds[0]], [0.75, 1]);
});

test("a yolov8 output is a yolov5 output of certain objects, turned on its side", () => {
	const eighth = fc.nat(8).map((n) => n / 8);
	const candidate = fc.tuple(eighth, eighth, eighth, eighth, eighth, eighth);
	fc.assert(
		fc.property(
			fc.array(candidate, { minLength: 1, maxLength: 20 }),
			(rows) => {
				const shape = { classCount: 2, candidateCount: rows.length };
				const v5 = createDetections(rows.length);
				const v8 = createDetections(rows.length);
				const upright = rows.flatMap((row) => [
					...row.slice(0, 4),
					1,
					...row.slice(4),
				]);
				const turned = [0, 1, 2, 3, 4, 5].flatMap((channel) =>
					rows.map((row) => row[channel] ?? Number.NaN),
				);
				new YoloDecoder({ layout: "yolov5", ...shape }).decode(
					Float32Array.from(upright),
					0.3,
					v5,
				);
				new YoloDecoder({ layout: "yolov8", ...shape }).decode(
					Float32Array.from(turned),
					0.3,
					v8,
				);
				assert.deepEqual(v8, v5);
			},
		),
		{ seed: 7, numRuns: 100 },
	);
});

test("an output of the wrong size is refused", () => {
	const decoder = new YoloDecoder({
		layout: "yolov8",
		classCount: 80,
		candidateCount: 100,
	});
	assert.throws(
		() => decoder.decode(new Float32Array(8500), 0.5, createDetections(100)),
		/output has 8500 elements where 8400/,
	);
});
