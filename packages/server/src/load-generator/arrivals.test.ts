import assert from "node:assert/strict";
import { test } from "node:test";
import { arrivalsUs, type CameraArrivals, ratePerSecond } from "./arrivals.ts";

const COUNT = 20_000;
const RATE = 1000;

function gapsUs(seed: number): number[] {
	const gaps: number[] = [];
	let beforeUs = 0;
	for (const atUs of arrivalsUs(
		{ kind: "poisson", ratePerSecond: RATE },
		seed,
	)) {
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

const CAMERAS: CameraArrivals = {
	kind: "cameras",
	cameraCount: 6,
	framesPerSecond: 30,
	jitter: 0.05,
};
const PERIOD_US = 1e6 / CAMERAS.framesPerSecond;

function cameraInstants(seed: number, frames: number): number[] {
	const instants: number[] = [];
	for (const atUs of arrivalsUs(CAMERAS, seed)) {
		instants.push(atUs);
		if (instants.length === CAMERAS.cameraCount * frames) break;
	}
	return instants;
}

test("each camera sends a frame a period, late by no more than its jitter, in one ascending order", () => {
	const instants = cameraInstants(1, 100);
	assert.ok(instants.every((atUs, i) => i === 0 || atUs >= instants[i - 1]!));
	// Six phases: where frames of all periods fall together, jitter apart.
	const inPeriod = instants
		.map((atUs) => atUs % PERIOD_US)
		.sort((a, b) => a - b);
	const starts = inPeriod.filter(
		(atUs, i) => i === 0 || atUs - inPeriod[i - 1]! > 0.02 * PERIOD_US,
	);
	assert.ok(starts.length <= CAMERAS.cameraCount, String(starts));
	const lastUs = instants.at(-1)!;
	assert.ok(Math.abs(lastUs / PERIOD_US - 100) < 1.1, String(lastUs));
});

test("phases are random: another seed gives others", () => {
	assert.deepEqual(cameraInstants(1, 3), cameraInstants(1, 3));
	assert.notDeepEqual(cameraInstants(1, 3), cameraInstants(2, 3));
});

test("cameras offer their number times their rate", () => {
	assert.equal(ratePerSecond(CAMERAS), 180);
});
