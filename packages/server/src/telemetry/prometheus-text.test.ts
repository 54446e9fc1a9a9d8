import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { INSTRUMENTS } from "./instruments.ts";
import {
	formatFor,
	prometheusText,
	type TextFormat,
} from "./prometheus-text.ts";
import { MetricsRegistry } from "./registry.ts";

const EXEMPLAR = {
	value: 3,
	traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
	spanId: "00f067aa0ba902b7",
	unixUs: 1_700_000_000_123_456,
};

function render(registry: MetricsRegistry, format: TextFormat): string {
	return [...prometheusText(registry, format)].join("");
}

function filled(): MetricsRegistry {
	const registry = new MetricsRegistry();
	registry.counter(INSTRUMENTS.outcomes, ["m", "1", "RESULT"]).add(5);
	registry.counter(INSTRUMENTS.inferenceCount, ["m", "1"]).add(7);
	const sizes = registry.histogram(INSTRUMENTS.batchSize, ["m", "1"]);
	for (const rows of [1, 3]) sizes.record(rows);
	sizes.addExemplar(EXEMPLAR);
	return registry;
}

describe("OpenMetrics", () => {
	const lines = render(filled(), "openmetrics").split("\n");

	test("ends with its end mark", () => {
		assert.deepEqual(lines.slice(-2), ["# EOF", ""]);
	});

	test("names a counter's family without the suffix of its samples", () => {
		assert.ok(lines.includes("# TYPE saccade_outcomes counter"));
		assert.ok(
			lines.includes(
				'saccade_outcomes_total{model="m",version="1",outcome="RESULT"} 5',
			),
		);
	});

	test("leaves Triton's counters their names", () => {
		assert.ok(lines.includes("# TYPE nv_inference_count unknown"));
		assert.ok(lines.includes('nv_inference_count{model="m",version="1"} 7'));
	});

	test("shows the trace behind a bucket, and only there", () => {
		assert.ok(
			lines.includes(
				`saccade_batch_size_bucket{model="m",version="1",le="4.0"} 2 # {trace_id="${EXEMPLAR.traceId}",span_id="${EXEMPLAR.spanId}"} 3 1700000000.123`,
			),
		);
		assert.equal(lines.filter((line) => line.includes("trace_id")).length, 1);
	});
});

test("Prometheus' format has no exemplars and no end mark", () => {
	const text = render(filled(), "prometheus");
	assert.doesNotMatch(text, /trace_id|# EOF/);
	assert.match(text, /# TYPE saccade_outcomes_total counter\n/);
	assert.match(text, /le="4"\} 2\n/);
});

test("OpenMetrics is for who names it", () => {
	const PROMETHEUS =
		"application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.2";
	assert.equal(formatFor(PROMETHEUS), "openmetrics");
	for (const accept of [
		undefined,
		"*/*",
		"text/plain",
		"application/openmetrics-text;q=0",
	])
		assert.equal(formatFor(accept), "prometheus");
});
