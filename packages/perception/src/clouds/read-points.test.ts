import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	type ArbitraryCloud,
	arbitraryCloud,
	expectedXyzi,
} from "../testing/arbitrary-clouds.ts";
import {
	attachBytes,
	createPointCloudView,
	nextPointField,
	type PointCloudView,
} from "./point-cloud-view.ts";
import { createPoints, type Points } from "./points.ts";
import { readPoints } from "./read-points.ts";
import { writePoints } from "./write-points.ts";

/** The cloud behind some other bytes, `columns` points to a row and `padding` bytes after each. */
function viewOf(cloud: ArbitraryCloud, columns: number, padding: number) {
	const view = createPointCloudView();
	const rowBytes = columns * cloud.strideBytes;
	const rowCount = cloud.pointCount / columns;
	const bytes = new Uint8Array(7 + rowCount * (rowBytes + padding));
	for (let row = 0; row < rowCount; row++)
		bytes.set(
			cloud.data.subarray(row * rowBytes, (row + 1) * rowBytes),
			7 + row * (rowBytes + padding),
		);
	// Behind a head of 7 bytes, of which 2 are not in the array: nothing is aligned.
	attachBytes(view, bytes.subarray(2));
	view.dataOffsetBytes = 5;
	view.rowCount = rowCount;
	view.pointsPerRow = columns;
	view.strideBytes = cloud.strideBytes;
	view.rowStrideBytes = rowBytes + padding;
	view.littleEndian = cloud.littleEndian;
	for (const from of cloud.fields)
		Object.assign(nextPointField(view), { ...from, elementCount: 1 });
	return view;
}

const valuesOf = (points: Points) => [
	...points.xyzi.subarray(0, 4 * points.count),
];

test("every layout, byte order and row padding gives the same points", () => {
	fc.assert(
		fc.property(arbitraryCloud, fc.nat(9), (cloud, padding) => {
			const rows = [1, 2, 3].filter((n) => cloud.pointCount % n === 0);
			for (const rowCount of rows) {
				const columns = cloud.pointCount / rowCount || 1;
				const points = createPoints(cloud.pointCount);
				const { xyzi } = points;
				assert.equal(readPoints(viewOf(cloud, columns, padding), points), 0);
				assert.equal(points.xyzi, xyzi);
				assert.deepEqual(valuesOf(points), expectedXyzi(cloud));
			}
		}),
		{ seed: 51, numRuns: 300 },
	);
});

test("points that are written into a layout are read out of it, and the other bytes stay", () => {
	fc.assert(
		fc.property(arbitraryCloud, (cloud) => {
			const points = createPoints(cloud.pointCount);
			const view = viewOf(cloud, cloud.pointCount || 1, 0);
			readPoints(view, points);
			const before = view.data.slice();
			for (const field of view.fields.slice(0, 4))
				for (let i = 0; i < cloud.pointCount; i++)
					view.data[5 + i * cloud.strideBytes + field.offsetBytes] = 0x55;
			writePoints(points, view);
			assert.deepEqual(view.data, before);
		}),
		{ seed: 52, numRuns: 200 },
	);
});

/** float32 x, y, z, intensity, time. */
function plainView(rows: readonly (readonly number[])[]): PointCloudView {
	const view = createPointCloudView();
	const floats = Float32Array.from(rows.flat());
	attachBytes(view, new Uint8Array(floats.buffer));
	view.rowCount = 1;
	view.pointsPerRow = rows.length;
	view.strideBytes = 20;
	view.rowStrideBytes = 20 * rows.length;
	for (const [i, name] of ["x", "y", "z", "intensity", "time"].entries())
		Object.assign(nextPointField(view), { name, offsetBytes: 4 * i });
	return view;
}

test("numbers that are not finite and distances that are not allowed are left out, and only the former counted", () => {
	const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
	const broken = bad.flatMap((value) =>
		[0, 1, 2, 3].map((i) => {
			const row = [3, 4, 0, 7, 0];
			row[i] = value;
			return row;
		}),
	);
	const view = plainView([
		...broken,
		[3, 4, 0, 7, 0.5],
		[0.1, 0, 0, 7, 0],
		...broken,
		[0, 0, 9, 7, 0],
		[0, -8, 0, 1, 0.25],
	]);
	const points = createPoints(40, { withTimes: true });
	const options = { minRangeM: 1, maxRangeM: 8, timeUnitS: 0.5 };
	assert.equal(readPoints(view, points, options), 24);
	assert.deepEqual(valuesOf(points), [3, 4, 0, 7, 0, -8, 0, 1]);
	assert.deepEqual([...(points.timesS?.subarray(0, 2) ?? [])], [0.25, 0.125]);
});

test("the plain layout, which has a loop of its own, leaves out the same", () => {
	const rows = [0, 1, 2, 3].flatMap((i) =>
		[Number.NaN, Number.NEGATIVE_INFINITY].map((value) => {
			const row = [3, 4, 0, 7, 0];
			row[i] = value;
			return row;
		}),
	);
	const view = plainView([...rows, [3, 4, 0, 7, 0], [0, 0, 9, 7, 0]]);
	const points = createPoints(10);
	assert.equal(readPoints(view, points, { maxRangeM: 8 }), 8);
	assert.deepEqual(valuesOf(points), [3, 4, 0, 7]);
});

test("a double that 32 bits cannot hold is not finite", () => {
	const view = createPointCloudView();
	const doubles = Float64Array.of(1e39, 0, 1, 1e200, 1e308, 1e308);
	attachBytes(view, new Uint8Array(doubles.buffer));
	Object.assign(view, {
		rowCount: 1,
		pointsPerRow: 3,
		strideBytes: 16,
		rowStrideBytes: 48,
	});
	for (const [i, name] of ["x", "y"].entries())
		Object.assign(nextPointField(view), {
			name,
			type: "float64",
			offsetBytes: 8 * i,
		});
	assert.equal(readPoints(view, createPoints(3)), 3);
});

test("without height a cloud is flat, without intensity it has none", () => {
	const view = plainView([[3, 4, 5, 6, 7]]);
	view.fieldCount = 2;
	const points = createPoints(1, { withTimes: true });
	points.timesS?.fill(9);
	assert.equal(readPoints(view, points), 0);
	assert.deepEqual(valuesOf(points), [3, 4, 0, 0]);
	assert.equal(points.timesS?.[0], 0);
});

test("a cloud without x, and too little room, are refused with the numbers", () => {
	const view = plainView([
		[1, 2, 3, 4, 5],
		[1, 2, 3, 4, 5],
	]);
	const points = createPoints(1);
	assert.throws(() => readPoints(view, points), {
		name: "PointCloudError",
		code: "no-room",
		actual: 1,
		expected: 2,
	});
	points.count = 3;
	assert.throws(() => writePoints(points, view), {
		code: "no-room",
		actual: 2,
		expected: 3,
	});
	Object.assign(view.fields[0] ?? {}, { name: "X" });
	assert.throws(() => readPoints(view, createPoints(2)), {
		code: "missing-field",
		message: /"x"; it has X, y, z/,
	});
});
