import assert from "node:assert/strict";
import { test } from "node:test";
import { createPoints } from "@saccade/perception";
import { quantiseCloud } from "./quantise-cloud.ts";

function cloudOf(rows: readonly (readonly number[])[]) {
	const points = createPoints(rows.length);
	points.count = rows.length;
	for (const [i, row] of rows.entries()) points.xyzi.set(row, 4 * i);
	return points;
}

function read({ bytes, count, stepM }: ReturnType<typeof quantiseCloud>) {
	const places = new Int16Array(bytes.buffer, 0, 3 * count);
	return {
		places: Array.from(places, (step) => step * stepM),
		intensities: [...bytes.subarray(6 * count)],
	};
}

test("a point is where it was to half a centimetre, with its intensity in a byte", () => {
	const cloud = cloudOf([
		[12.345, -7.001, 0.499, 0.5],
		[0, 0, -1.73, 1],
	]);
	const { places, intensities } = read(quantiseCloud(cloud, 10));
	for (const [i, value] of [12.345, -7.001, 0.499, 0, 0, -1.73].entries())
		assert.ok(Math.abs(places[i]! - value) <= 0.0051, `${places[i]} ${value}`);
	assert.deepEqual(intensities, [127, 255]);
});

test("what is far makes the steps larger, and wraps nowhere", () => {
	const { places } = read(quantiseCloud(cloudOf([[1000, -2000, 3, 0]]), 10));
	assert.ok(Math.abs(places[0]! - 1000) < 0.04);
	assert.ok(Math.abs(places[1]! + 2000) < 0.04);
});

test("intensities that count to 255 are told as they are", () => {
	const cloud = cloudOf([
		[0, 0, 0, 255],
		[0, 0, 0, 51],
	]);
	assert.deepEqual(read(quantiseCloud(cloud, 10)).intensities, [255, 51]);
});

test("of more points than are told, every so many-th is", () => {
	const cloud = cloudOf(Array.from({ length: 10 }, (_, i) => [i, 0, 0, 0]));
	const { count, bytes } = quantiseCloud(cloud, 4);
	assert.equal(count, 4);
	assert.equal(bytes.byteLength, 28);
});
