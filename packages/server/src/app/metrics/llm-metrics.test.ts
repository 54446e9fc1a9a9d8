import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../common/manual-clock.ts";
import { MetricsRegistry } from "../../telemetry/registry.ts";
import { pageText } from "../../telemetry/testing/page-text.ts";
import { LlmMetrics, TokenThroughput } from "./llm-metrics.ts";

function setUp() {
	const clock = new ManualClock();
	const registry = new MetricsRegistry();
	const throughput = new TokenThroughput(registry, clock);
	const llm = new LlmMetrics(registry, throughput, "writer");
	const lines = () =>
		pageText(registry)
			.split("\n")
			.filter((line) => line.startsWith("llm_"));
	return { clock, llm, lines };
}

test("nothing is told before the first request", () => {
	assert.deepEqual(setUp().lines(), []);
});

test("tokens a second are those of the last ten seconds, by stage and device", () => {
	const { clock, llm, lines } = setUp();
	const rates = () =>
		lines().filter((line) => line.startsWith("llm_token_throughput"));
	clock.advance(5_000_000);
	llm.answered(30, 70);
	llm.answered(0, 30);
	llm.batchFinished("cpu");
	const told = [
		'llm_token_throughput{stage="prefill",device="cpu"} 3',
		'llm_token_throughput{stage="decode",device="cpu"} 10',
	];
	assert.deepEqual(rates(), told);
	clock.advance(9_000_000);
	assert.deepEqual(rates(), told);
	llm.answered(0, 20);
	llm.batchFinished("gpu");
	clock.advance(1_000_000);
	assert.deepEqual(rates(), [
		'llm_token_throughput{stage="prefill",device="cpu"} 0',
		'llm_token_throughput{stage="decode",device="cpu"} 0',
		'llm_token_throughput{stage="decode",device="gpu"} 2',
	]);
	clock.advance(1_000_000_000);
	assert.match(rates()[2] ?? "", / 0$/);
});

test("requests count whatever became of them, times when they were answered", () => {
	const { llm, lines } = setUp();
	llm.requestFinished(false, 5);
	assert.deepEqual(lines(), ['llm_request_total{model="writer"} 1']);
	llm.requestFinished(true, 2_000_000);
	assert.ok(lines().includes('llm_request_total{model="writer"} 2'));
	assert.ok(
		lines().includes('llm_inference_duration_seconds_sum{model="writer"} 2'),
	);
});
