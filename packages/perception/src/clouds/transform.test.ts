import assert from "node:assert/strict";
import { test } from "node:test";
import { createPoints } from "./points.ts";
import { NUSCENES_TO_REP103, transformPoints } from "./transform.ts";

test("points are turned, then shifted, and keep their intensity", () => {
	const points = createPoints(3);
	points.count = 2;
	points.xyzi.set([1, 2, 3, 9, 4, 5, 6, 8, 7, 7, 7, 7]);
	// A quarter turn to the left, then 10 ahead, 20 to the left, 30 up.
	transformPoints(points, [0, -1, 0, 10, 1, 0, 0, 20, 0, 0, 1, 30]);
	assert.deepEqual([...points.xyzi], [8, 21, 33, 9, 5, 24, 36, 8, 7, 7, 7, 7]);
});

test("nuScenes' forward and right become REP 103's forward and right", () => {
	const points = createPoints(2);
	points.count = 2;
	points.xyzi.set([0, 5, 1, 0, 5, 0, 1, 0]);
	transformPoints(points, NUSCENES_TO_REP103);
	assert.deepEqual([...points.xyzi], [5, 0, 1, 0, 0, -5, 1, 0]);
});

test("a transform of another size is refused", () => {
	assert.throws(() => transformPoints(createPoints(1), [1]), /1 numbers/);
});
