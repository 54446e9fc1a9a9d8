import assert from "node:assert/strict";
import { test } from "node:test";
import type { TraceRecord } from "../tracing/trace-record.ts";
import { SpanQueue } from "./span-queue.ts";

function record(detail = ""): TraceRecord {
	return {
		kind: "request",
		traceId: "a".repeat(32),
		spanId: "b".repeat(16),
		parentSpanId: null,
		tracestate: "",
		isSampled: true,
		transport: "grpc",
		name: "m",
		version: "1",
		attributes: {},
		startUnixUs: 1_700_000_000_000_000,
		durationUs: 1,
		outcome: "FAILED",
		reason: null,
		detail,
		deadlineUs: null,
		isMissed: false,
		stages: [],
		decisions: [],
		batch: null,
		links: [],
	};
}

test("what waits is counted, encoded or not, and comes out once, oldest first, in whole batches", () => {
	const queue = new SpanQueue(100);
	assert.equal(queue.shift(), null);
	for (let i = 1; i <= 250; i++) {
		queue.push(record());
		assert.equal(queue.length, i);
	}
	assert.ok(queue.hasFullBatch);
	const counts: number[] = [];
	for (let batch = queue.shift(); batch !== null; batch = queue.shift()) {
		counts.push(batch.count);
		assert.ok(batch.spans.byteLength > 80 * batch.count);
	}
	assert.deepEqual(counts, [100, 100, 50]);
	assert.equal(queue.length, 0);
	queue.push(record());
	assert.equal(
		queue.shift()?.count,
		1,
		"a few go, too, when they are asked for",
	);
});

test("batches are bounded in bytes, however long the texts are", () => {
	const queue = new SpanQueue(512);
	for (let i = 0; i < 64; i++) queue.push(record("x".repeat(100_000)));
	let count = 0;
	for (let batch = queue.shift(); batch !== null; batch = queue.shift()) {
		count += batch.count;
		assert.ok(batch.spans.byteLength < 1.2 * 1024 * 1024);
	}
	assert.equal(count, 64);
});
