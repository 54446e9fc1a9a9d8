import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	KITTI_LAYOUT,
	NUSCENES_LAYOUT,
	packTimedPoints,
	TIMED_LAYOUT,
	viewPackedCloud,
	writePackedCloud,
} from "./packed.ts";
import { createPointCloudView, findPointField } from "./point-cloud-view.ts";
import { createPoints } from "./points.ts";
import { readPoints } from "./read-points.ts";

const number = fc.float({ noNaN: true, noDefaultInfinity: true });
const layout = fc.constantFrom(KITTI_LAYOUT, NUSCENES_LAYOUT);

test("points survive the way through either layout", () => {
	fc.assert(
		fc.property(
			fc.array(fc.tuple(number, number, number, number), { maxLength: 20 }),
			layout,
			(rows, layout) => {
				const finite = rows.filter(([x, y, z]) =>
					Number.isFinite(Math.fround(Math.hypot(x, y, z))),
				);
				const points = createPoints(finite.length);
				points.count = finite.length;
				points.xyzi.set(finite.flat());
				const target = new Uint8Array(400).fill(0xff);
				const view = createPointCloudView();
				const bytes = writePackedCloud(points, layout, target, view);
				assert.equal(bytes, finite.length * layout.strideBytes);
				assert.ok(target.subarray(bytes).every((byte) => byte === 0xff));
				const back = createPoints(finite.length);
				viewPackedCloud(target.subarray(0, bytes), layout, view);
				assert.equal(readPoints(view, back), 0);
				assert.deepEqual(back, points);
			},
		),
		{ seed: 61, numRuns: 200 },
	);
});

test("a view lies over the caller's bytes", () => {
	const bytes = new Uint8Array(40);
	const view = createPointCloudView();
	viewPackedCloud(bytes, NUSCENES_LAYOUT, view);
	const { fields, dataView } = view;
	assert.equal(view.data, bytes);
	assert.equal(view.pointsPerRow, 2);
	assert.equal(findPointField(view, "ring")?.offsetBytes, 16);
	assert.equal(findPointField(view, "time"), null);
	// And a second message over the same buffer makes nothing new.
	const first = { ...fields };
	viewPackedCloud(bytes.subarray(20), NUSCENES_LAYOUT, view);
	assert.equal(view.dataView, dataView);
	assert.deepEqual(
		fields.map((field, i) => field === first[i]),
		[true, true, true, true, true],
	);
});

test("a row that is cut off and a target that is too small are refused", () => {
	const view = createPointCloudView();
	assert.throws(() => viewPackedCloud(new Uint8Array(47), KITTI_LAYOUT, view), {
		code: "truncated",
		actual: 15,
		expected: 16,
	});
	const points = createPoints(2);
	points.count = 2;
	assert.throws(
		() => writePackedCloud(points, KITTI_LAYOUT, new Uint8Array(31), view),
		{ code: "no-room", actual: 31, expected: 32 },
	);
});

test("times of points survive, too, and are 0 where nobody took them", () => {
	const points = createPoints(3, { withTimes: true });
	points.count = 2;
	points.xyzi.set([1, 2, 3, 0.5, -4, 5, -6, 0.25]);
	points.timesS?.set([-0.0625, 0.03125]);
	const bytes = packTimedPoints(points);
	assert.equal(bytes.byteLength, 2 * TIMED_LAYOUT.strideBytes);
	const view = createPointCloudView();
	viewPackedCloud(bytes, TIMED_LAYOUT, view);
	const back = createPoints(3, { withTimes: true });
	assert.equal(readPoints(view, back), 0);
	assert.deepEqual(back, points);

	viewPackedCloud(
		packTimedPoints({ ...points, timesS: null }),
		TIMED_LAYOUT,
		view,
	);
	readPoints(view, back);
	assert.deepEqual(back.timesS?.subarray(0, 2), new Float32Array(2));
});
