import assert from "node:assert/strict";
import { test } from "node:test";
import { INSTRUMENTS } from "./instruments.ts";
import { MetricsRegistry } from "./registry.ts";

test("series are rendered with their help, type and escaped labels", () => {
	const registry = new MetricsRegistry();
	registry.counter(INSTRUMENTS.requestSuccess, ['a"b\\c\nd', "1"]).add(2);
	assert.equal(
		registry.render(),
		[
			"# HELP nv_inference_request_success Requests answered.",
			"# TYPE nv_inference_request_success counter",
			'nv_inference_request_success{model="a\\"b\\\\c\\nd",version="1"} 2',
			"",
		].join("\n"),
	);
});

test("a histogram counts each value in every bucket that holds it", () => {
	const registry = new MetricsRegistry();
	const sizes = registry.histogram(INSTRUMENTS.batchSize, ["m", "1"]);
	for (const rows of [1, 2, 3, 1000]) sizes.record(rows);
	const text = registry.render();
	assert.match(
		text,
		/saccade_batch_size_bucket\{model="m",version="1",le="1"\} 1\n/,
	);
	assert.match(text, /le="2"\} 2\n/);
	assert.match(text, /le="4"\} 3\n/);
	assert.match(text, /le="\+Inf"\} 4\n/);
	assert.match(text, /saccade_batch_size_sum\{model="m",version="1"\} 1006\n/);
});

test("the series of a model vanish with it, and only its", () => {
	const registry = new MetricsRegistry();
	registry.counter(INSTRUMENTS.outcomes, ["a", "1", "RESULT"]).add();
	registry.counter(INSTRUMENTS.outcomes, ["a", "12", "RESULT"]).add();
	registry.counter(INSTRUMENTS.inferenceCount, ["a", "1"]).add();
	registry.remove(["a", "1"]);
	const text = registry.render();
	assert.doesNotMatch(text, /version="1"/);
	assert.match(text, /version="12"/);
});

test("a series with the wrong number of labels is a defect", () => {
	const registry = new MetricsRegistry();
	assert.throws(
		() => registry.counter(INSTRUMENTS.outcomes, ["a"]),
		RangeError,
	);
});
