import assert from "node:assert/strict";
import { test } from "node:test";
import { INSTRUMENTS } from "./instruments.ts";
import { prometheusText } from "./prometheus-text.ts";
import { MetricsRegistry } from "./registry.ts";
import { pageText } from "./testing/page-text.ts";

test("series are rendered with their help, type and escaped labels", () => {
	const registry = new MetricsRegistry();
	registry.counter(INSTRUMENTS.requestSuccess, ['a"b\\c\nd', "1"]).add(2);
	assert.equal(
		pageText(registry),
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
	const text = pageText(registry);
	assert.match(
		text,
		/saccade_batch_size_bucket\{model="m",version="1",le="1"\} 1\n/,
	);
	assert.match(text, /le="2"\} 2\n/);
	assert.match(text, /le="4"\} 3\n/);
	assert.match(text, /le="\+Inf"\} 4\n/);
	assert.match(text, /saccade_batch_size_sum\{model="m",version="1"\} 1006\n/);
	assert.match(text, /saccade_batch_size_count\{model="m",version="1"\} 4\n/);
});

test("a histogram without labels has none but its bounds", () => {
	const registry = new MetricsRegistry();
	registry.histogram(INSTRUMENTS.eventLoopDelay, []).record(2);
	const text = pageText(registry);
	assert.match(
		text,
		/^saccade_event_loop_delay_seconds_bucket\{le="\+Inf"\} 1$/m,
	);
	assert.match(text, /^saccade_event_loop_delay_seconds_sum 2$/m);
});

test("the series of a model vanish with it, and only its", () => {
	const registry = new MetricsRegistry();
	registry.counter(INSTRUMENTS.outcomes, ["a", "1", "RESULT"]).add();
	registry.counter(INSTRUMENTS.outcomes, ["a", "12", "RESULT"]).add();
	registry.counter(INSTRUMENTS.inferenceCount, ["a", "1"]).add();
	registry.remove(["a", "1"]);
	const text = pageText(registry);
	assert.doesNotMatch(text, /version="1"/);
	assert.match(text, /version="12"/);
});

test("what changed since the last time is told as it is now", () => {
	const registry = new MetricsRegistry();
	const count = registry.counter(INSTRUMENTS.inferenceCount, ["m", "1"]);
	const sizes = registry.histogram(INSTRUMENTS.batchSize, ["m", "1"]);
	const before = pageText(registry);
	assert.equal(pageText(registry), before);
	count.add();
	sizes.record(3);
	const after = pageText(registry);
	assert.match(after, /^nv_inference_count\{.*\} 1$/m);
	assert.match(after, /^saccade_batch_size_sum\{.*\} 3$/m);
	sizes.record(4);
	assert.match(pageText(registry), /^saccade_batch_size_sum\{.*\} 7$/m);
});

test("a series that goes and comes again while it is rendered is told once", () => {
	const registry = new MetricsRegistry();
	const labels = (model: string) => [model, "1"];
	registry.counter(INSTRUMENTS.inferenceCount, labels("a")).add();
	registry.counter(INSTRUMENTS.inferenceCount, labels("b")).add();
	const told: string[] = [];
	for (const bytes of prometheusText(registry)) {
		const part = Buffer.from(bytes as string).toString();
		told.push(part);
		if (!part.startsWith('nv_inference_count{model="a"')) continue;
		registry.remove(labels("a"));
		registry.counter(INSTRUMENTS.inferenceCount, labels("a")).add();
	}
	const lines = told.join("").split("\n");
	assert.equal(
		lines.filter((line) => line.startsWith('nv_inference_count{model="a"'))
			.length,
		1,
	);
});

test("a series with the wrong number of labels is a defect", () => {
	const registry = new MetricsRegistry();
	assert.throws(
		() => registry.counter(INSTRUMENTS.outcomes, ["a"]),
		RangeError,
	);
});

test("series beyond the limit share one, and are counted", () => {
	const registry = new MetricsRegistry({ maxSeriesCount: 2 });
	const of = (model: string) =>
		registry.counter(INSTRUMENTS.inferenceCount, [model, "1"]);
	for (const model of ["a", "b", "c", "d"]) of(model).add();
	of("a").add();
	assert.equal(of("c"), of("d"));
	assert.notEqual(of("a"), of("b"));
	const lines = pageText(registry).split("\n").slice(2, -1);
	assert.deepEqual(lines, [
		'nv_inference_count{model="a",version="1"} 2',
		'nv_inference_count{model="b",version="1"} 1',
		'nv_inference_count{model="other",version="other"} 2',
	]);
	assert.equal(registry.overflowCount, 4);
	// Room that a model leaves is taken by the next.
	registry.remove(["a", "1"]);
	registry.remove(["b", "1"]);
	assert.notEqual(of("e"), of("c"));
});
