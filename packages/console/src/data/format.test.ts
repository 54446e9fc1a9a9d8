import assert from "node:assert/strict";
import { test } from "node:test";
import {
	bytes,
	count,
	duration,
	ms,
	msTick,
	percent,
	quantity,
	rate,
	shape,
} from "./format.ts";

test("times have three digits that matter and a unit that fits", () => {
	assert.deepEqual(
		[null, Number.NaN, 0, 0.0314, 1.5, 33.333, 512.6, 12_345, -5.25].map(ms),
		[
			...["–", "–", "0 ms", "31 µs", "1.50 ms"],
			...["33.3 ms", "513 ms", "12.3 s", "-5.25 ms"],
		],
	);
	assert.deepEqual([0, 100, 0.5, 1500].map(msTick), [
		...["0 ms", "100 ms", "500 µs", "1.5 s"],
	]);
});

test("a share that is not all does not read as all", () => {
	assert.equal(percent(1), "100.0 %");
	assert.equal(percent(0.99999), ">99.9 %");
	assert.equal(percent(0.5, 0), "50 %");
	assert.equal(percent(null), "–");
});

test("counts, rates, sizes and times of day are short", () => {
	assert.deepEqual([7, 1234, 9_999_999, 12_345_678, 3e9].map(count), [
		...["7", "1\u202f234", "9\u202f999\u202f999", "12.3M", "3.00G"],
	]);
	assert.deepEqual([0, 0.5, 12.34, 160_669].map(rate), [
		...["0", "0.50", "12.3", "160.7k"],
	]);
	assert.deepEqual([0, 1500, 5 * 2 ** 30].map(bytes), [
		...["0 B", "1.5 KiB", "5.0 GiB"],
	]);
	assert.deepEqual([59, 61, 7300, 90_000].map(duration), [
		...["59 s", "1 min 1 s", "2 h 1 min", "1 d 1 h"],
	]);
});

test("set points are named in words, with their unit", () => {
	assert.deepEqual(quantity("acceleration_mps2"), {
		label: "acceleration",
		unit: "m/s²",
	});
	assert.deepEqual(quantity("time_to_collision_s"), {
		label: "time to collision",
		unit: "s",
	});
	assert.deepEqual(quantity("gain"), { label: "gain", unit: "" });
	assert.equal(shape([-1, 3, 80]), "[? × 3 × 80]");
});
