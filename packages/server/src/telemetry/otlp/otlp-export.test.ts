import assert from "node:assert/strict";
import { test } from "node:test";
import { OtlpCollector } from "../../../../../test/support/otlp-collector.ts";
import { until } from "../../../../../test/support/until.ts";
import { traceRecord } from "../testing/trace-record.ts";
import { newSpanId, newTraceId } from "../tracing/trace-ids.ts";
import type { TraceRecord } from "../tracing/trace-record.ts";
import { OtlpExport } from "./otlp-export.ts";

function newRecord(): TraceRecord {
	return traceRecord({ traceId: newTraceId(), spanId: newSpanId() });
}

function exportTo(
	url: string,
	onChange: (signal: string, problem: string | null) => void = () => {},
) {
	return new OtlpExport({
		settings: {
			targets: {
				traces: { protocol: "http/protobuf", url: `${url}/v1/traces` },
				metrics: null,
				logs: null,
			},
			resource: { "service.name": "test" },
			metricsEveryMs: 1000,
			timeoutMs: 10_000,
		},
		scope: { name: "test", version: "1" },
		registry: null,
		onChange,
		bufferCount: 100,
		batchCount: 10,
		everyMs: 20,
	});
}

test("a buffer that is full drops and counts; nothing more is kept", async (t) => {
	const collector = new OtlpCollector();
	collector.behaviour = "hang";
	t.after(() => collector.close());
	const otlp = exportTo(await collector.listenHttp());
	t.after(() => otlp.close());
	otlp.start(0);
	for (let i = 0; i < 1000; i++) otlp.trace(newRecord());
	// 100 wait, and 10 are with the thread.
	assert.equal(otlp.counts.traces.overflowed, 1000 - 110);
	await until("the batch there", () => collector.requestCount === 1);
	otlp.trace(newRecord());
	assert.equal(otlp.counts.traces.overflowed, 1000 - 110 + 1);
	assert.equal(collector.requestCount, 1);
});

test("a backlog goes out in batches, each when the one before was taken", async (t) => {
	const collector = new OtlpCollector();
	t.after(() => collector.close());
	const otlp = exportTo(await collector.listenHttp());
	t.after(() => otlp.close());
	otlp.start(0);
	for (let i = 0; i < 100; i++) otlp.trace(newRecord());
	await until("all of them", () => otlp.counts.traces.exported === 100);
	assert.equal(collector.requestCount, 10);
	assert.equal(collector.spans.length, 100);
	assert.equal(
		collector.span("inference.GRPCInferenceService/ModelInfer")?.kind,
		2,
	);
});

test("a collector that flaps is told of at each change, and every record is counted once", async (t) => {
	const collector = new OtlpCollector();
	t.after(() => collector.close());
	const told: (string | null)[] = [];
	const otlp = exportTo(await collector.listenHttp(), (_, problem) =>
		told.push(problem),
	);
	t.after(() => otlp.close());
	otlp.start(0);
	const { traces } = otlp.counts;
	for (let turn = 1; turn <= 6; turn++) {
		// A status that says not to try again.
		collector.behaviour = turn % 3 === 0 ? "take" : 400;
		for (let i = 0; i < 10; i++) otlp.trace(newRecord());
		await until("they are through", () => {
			return traces.exported + traces.failed === 10 * turn;
		});
	}
	assert.deepEqual(traces, { exported: 20, failed: 40, overflowed: 0 });
	assert.equal(collector.spans.length, 20);
	assert.deepEqual(
		told.map((problem) => problem === null),
		[false, true, false, true],
	);
});

test("what comes before the thread is there, or for a signal that is not sent, is not kept", () => {
	const otlp = exportTo("http://127.0.0.1:9");
	otlp.trace(newRecord());
	assert.equal(otlp.counts.traces.overflowed, 1);
	otlp.log({ level: "info", unixMs: 0, text: "", fields: {} });
	assert.equal(otlp.counts.logs.overflowed, 0);
});
