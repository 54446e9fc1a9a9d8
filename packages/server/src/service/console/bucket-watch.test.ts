import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram } from "../../telemetry/registry.ts";
import { BucketWatch, quantile } from "./bucket-watch.ts";

test("percentiles are those of what was counted since the last look", () => {
	const watch = new BucketWatch();
	const histogram = new Histogram([0.001, 0.01, 0.1]);
	for (let i = 0; i < 1000; i++) histogram.record(0.05);
	assert.equal(watch.since(histogram, 1000), null, "it begins with this look");
	for (let i = 0; i < 100; i++) histogram.record(0.0005);
	const { p50, p99 } = watch.since(histogram, 1000)!;
	assert.ok(p50 > 0 && p50 < 1 && p99 <= 1, `${p50} ${p99}`);
	assert.equal(watch.since(histogram, 1000), null);
});

test("a histogram that began anew, after a reload, is no negative count", () => {
	const watch = new BucketWatch();
	const before = new Histogram([1]);
	before.record(0.5);
	watch.since(before, 1);
	const after = new Histogram([1]);
	assert.equal(watch.since(after, 1), null);
	after.record(0.5);
	assert.equal(watch.since(after, 1)?.p50, 0.5);
});

test("within a bucket values are taken as spread evenly, and beyond the last bound there is that bound", () => {
	assert.equal(quantile([0, 10, 0], [1, 2], 0.5), 1.5);
	assert.equal(quantile([0, 0, 10], [1, 2], 0.5), 2);
	assert.equal(quantile([5, 5, 0], [1, 2], 0.5), 1);
});
