import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceTimes } from "./service-times.ts";

const WINDOW = 32;

test("a quantile is that of the last 32 times, as sorting them says", () => {
	fc.assert(
		fc.property(
			fc.array(fc.integer({ min: 1, max: 50 }), {
				minLength: 1,
				maxLength: 90,
			}),
			fc.constantFrom(0.5, 0.9, 1),
			(all, share) => {
				const times = new ServiceTimes();
				for (const us of all) times.add(us);
				const last = all.slice(-WINDOW).toSorted((a, b) => a - b);
				assert.equal(times.count, last.length);
				assert.equal(
					times.quantile(share),
					last[Math.floor(share * (last.length - 1))],
				);
			},
		),
	);
});

test("nothing measured is no number, and a reset leaves one time", () => {
	const times = new ServiceTimes();
	assert.ok(Number.isNaN(times.quantile(0.5)));
	for (let us = 1; us <= 100; us++) times.add(us);
	times.reset(7);
	assert.equal(times.quantile(0.9), 7);
});

test("of few times the longest is no quantile but the last", () => {
	const times = new ServiceTimes();
	for (const us of [10, 900]) times.add(us);
	assert.equal(times.quantile(0.9), 10);
	for (let i = 0; i < 8; i++) times.add(10);
	assert.equal(times.quantile(0.9), 10);
	assert.equal(times.quantile(1), 900);
});

test("the latest are kept in their order, whatever the window went through", () => {
	const times = new ServiceTimes();
	for (let us = 1; us <= 45; us++) times.add(us);
	times.keepLatest(3);
	assert.equal(times.count, 3);
	assert.equal(times.quantile(0), 43);
	assert.equal(times.quantile(1), 45);
	for (let us = 100; us < 100 + 31; us++) times.add(us);
	assert.equal(times.quantile(0), 45, "the oldest of the three went first");
	times.keepLatest(99);
	assert.equal(times.count, 32);
});
