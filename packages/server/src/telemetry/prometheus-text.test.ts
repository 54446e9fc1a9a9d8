import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { INSTRUMENTS } from "./instruments.ts";
import { formatFor } from "./prometheus-text.ts";
import { MetricsRegistry } from "./registry.ts";
import { pageText } from "./testing/page-text.ts";

const EXEMPLAR = {
	value: 3,
	traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
	spanId: "00f067aa0ba902b7",
	unixUs: 1_700_000_000_123_456,
};

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
	const lines = pageText(filled(), "openmetrics").split("\n");

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
	const text = pageText(filled(), "prometheus");
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

describe("a page after another", () => {
	const models = (registry: MetricsRegistry) =>
		Array.from({ length: 40 }, (_, i) =>
			registry.histogram(INSTRUMENTS.batchSize, [`räder-${i}`, "1"]),
		);
	/** Of another registry with the same numbers, which was never asked before. */
	const fresh = (counts: readonly number[], gone = -1) => {
		const registry = new MetricsRegistry();
		for (const [i, sizes] of models(registry).entries())
			for (let n = 0; n < counts[i]!; n++) sizes.record(n + 0.5);
		if (gone >= 0) registry.remove([`räder-${gone}`, "1"]);
		return pageText(registry);
	};

	test("has what changed, and what did not", () => {
		const registry = new MetricsRegistry();
		const sizes = models(registry);
		const counts = sizes.map(() => 0);
		for (const changed of [[], [3], [3, 39], [0, 15, 16, 17], []]) {
			for (const i of changed) sizes[i]!.record(counts[i]!++ + 0.5);
			assert.equal(pageText(registry), fresh(counts));
		}
	});

	test("is without series that went, and with those that came", () => {
		const registry = new MetricsRegistry();
		models(registry);
		const counts = new Array<number>(40).fill(0);
		assert.equal(pageText(registry), fresh(counts));
		registry.remove(["räder-7", "1"]);
		assert.equal(pageText(registry), fresh(counts, 7));
		registry.histogram(INSTRUMENTS.batchSize, ["new", "1"]).record(1);
		assert.match(pageText(registry), /model="new",version="1",le="1"} 1\n/);
	});

	test("has the sums of two formats, each in its own", () => {
		const registry = filled();
		for (let i = 0; i < 2; i++) {
			assert.match(pageText(registry), /le="4"} 2\n/);
			assert.match(pageText(registry, "openmetrics"), /le="4.0"} 2 #/);
		}
	});
});
