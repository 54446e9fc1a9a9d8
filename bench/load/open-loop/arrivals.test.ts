import assert from "node:assert/strict";
import { test } from "node:test";
import { poissonArrivals } from "./arrivals.ts";

const COUNT = 20_000;
const RATE = 1000;

function gapsUs(seed: number): number[] {
	const gaps: number[] = [];
	let beforeUs = 0;
	for (const atUs of poissonArrivals(RATE, seed)) {
		gaps.push(atUs - beforeUs);
		beforeUs = atUs;
		if (gaps.length === COUNT) break;
	}
	return gaps;
}

const mean = (values: readonly number[]) =>
	values.reduce((a, b) => a + b, 0) / values.length;

test("gaps are exponential: mean and deviation are one over the rate, and 1/e of them are longer", () => {
	const gaps = gapsUs(1);
	const meanUs = mean(gaps);
	const deviationUs = Math.sqrt(mean(gaps.map((gap) => (gap - meanUs) ** 2)));
	const longer = gaps.filter((gap) => gap > meanUs).length / COUNT;
	assert.ok(Math.abs(meanUs - 1e6 / RATE) < 30, String(meanUs));
	assert.ok(Math.abs(deviationUs - 1e6 / RATE) < 50, String(deviationUs));
	assert.ok(Math.abs(longer - Math.exp(-1)) < 0.02, String(longer));
	assert.ok(gaps.every((gap) => gap >= 0));
});

test("a gap says nothing of the next", () => {
	const gaps = gapsUs(2);
	const meanUs = mean(gaps);
	const products = gaps
		.slice(1)
		.map((gap, at) => (gap - meanUs) * ((gaps[at] ?? 0) - meanUs));
	assert.ok(Math.abs(mean(products) / meanUs ** 2) < 0.03);
});

test("one seed gives one schedule, another seed another", () => {
	assert.deepEqual(gapsUs(3), gapsUs(3));
	assert.notDeepEqual(gapsUs(3), gapsUs(4));
});
