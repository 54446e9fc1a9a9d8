// Written by hand, read by the code that is generated from OpenTelemetry's own files.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { ExportTraceServiceRequestSchema } from "@saccade/protocol/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import type { Span } from "@saccade/protocol/gen/opentelemetry/proto/trace/v1/trace_pb.js";
import fc from "fast-check";
import {
	attributesOf,
	hex,
} from "../../../../../test/support/otlp-collector.ts";
import { traceRecord } from "../testing/trace-record.ts";
import type { TraceBatch, TraceRecord } from "../tracing/trace-record.ts";
import { ProtoBuffer } from "./proto-buffer.ts";
import { SPANS_AT, SpanEncoder, traceRequest } from "./span-encoder.ts";

const { traceId: TRACE, spanId: SPAN } = traceRecord();
const BATCH: TraceBatch = {
	traceId: "a".repeat(32),
	spanId: "b".repeat(16),
	number: 7,
	rows: 8,
	requestCount: 4,
	closedBecause: "full",
	device: "cpu",
	lane: 0,
	predictedUs: 2900.5,
	actualUs: 3000,
	startUs: 1000,
	gatherUs: 1,
	runUs: 2998,
	splitUs: 1,
};

const SOURCE = {
	resource: { "service.name": "car-7" },
	scope: { name: "saccade", version: "1.2.3" },
};

function spansOf(...records: readonly TraceRecord[]): readonly Span[] {
	const encoder = new SpanEncoder();
	const buffer = new ProtoBuffer();
	for (const one of records) encoder.add(one, buffer);
	const spansBytes = buffer.byteLength;
	const memory = new ArrayBuffer(SPANS_AT + spansBytes);
	buffer.moveTo(new Uint8Array(memory), SPANS_AT);
	const request = traceRequest(SOURCE, memory, spansBytes);
	const { resourceSpans } = fromBinary(
		ExportTraceServiceRequestSchema,
		request,
	);
	assert.equal(resourceSpans.length, 1);
	const [{ resource, scopeSpans }] = resourceSpans as [
		(typeof resourceSpans)[0],
	];
	assert.deepEqual(attributesOf(resource?.attributes ?? []), {
		"service.name": "car-7",
	});
	assert.equal(scopeSpans[0]?.scope?.version, "1.2.3");
	return scopeSpans.flatMap(({ spans }) => spans);
}

describe("the span of a request", () => {
	test("has its ids, its caller's and its attributes with their types", () => {
		const [span] = spansOf(
			traceRecord({
				parentSpanId: "1".repeat(16),
				tracestate: "a=1",
				deadlineUs: -2.5,
				attributes: {
					rows: 2,
					priority: -1,
					"request.id": "é😀",
					big: 2 ** 40,
				},
			}),
		);
		assert.equal(hex(span!.traceId), TRACE);
		assert.equal(hex(span!.spanId), SPAN);
		assert.equal(hex(span!.parentSpanId), "1".repeat(16));
		assert.equal(span?.traceState, "a=1");
		assert.equal(span?.kind, 2);
		assert.equal(span?.flags, 0x301, "sampled, and its parent is elsewhere");
		assert.deepEqual(attributesOf(span!.attributes), {
			"saccade.model.name": "mlp",
			"saccade.model.version": "1",
			"rpc.system": "grpc",
			"rpc.method": "inference.GRPCInferenceService/ModelInfer",
			"saccade.outcome": "RESULT",
			"saccade.deadline_us": -2.5,
			"saccade.missed": false,
			"saccade.rows": 2n,
			"saccade.priority": -1n,
			"saccade.request.id": "é😀",
			"saccade.big": BigInt(2 ** 40),
		});
		assert.equal(span?.status, undefined);
	});

	test("of a ModelStreamInfer call is named after it", () => {
		const [span] = spansOf(traceRecord({ transport: "grpc-stream" }));
		const method = "inference.GRPCInferenceService/ModelStreamInfer";
		assert.equal(span?.name, method);
		assert.equal(span?.kind, 2);
		assert.equal(attributesOf(span!.attributes)["rpc.method"], method);
	});

	test("says what was decided, and that it failed", () => {
		const text = "x".repeat(20_000);
		const [span] = spansOf(
			traceRecord({
				outcome: "EXPIRED",
				detail: "too late",
				decisions: [{ kind: "refused", because: "expired", atUs: 3.75, text }],
			}),
		);
		const [event] = span!.events;
		assert.equal(event?.name, "refused");
		assert.equal(event.timeUnixNano, 1_795_647_327_825_003_750n);
		assert.deepEqual(attributesOf(event.attributes), {
			"saccade.because": "expired",
			"saccade.text": text,
		});
		assert.equal(span?.status?.code, 2);
		assert.equal(span.status.message, "too late");
	});

	test("keeps every nanosecond, also of what came before it", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: 4e15 }),
				fc.integer({ min: -5e9, max: 5e12 }),
				(startUnixUs, durationNs) => {
					const [span] = spansOf(
						traceRecord({ startUnixUs, durationUs: durationNs / 1000 }),
					);
					const start = BigInt(startUnixUs) * 1000n;
					assert.equal(span?.startTimeUnixNano, start);
					assert.equal(
						span.endTimeUnixNano,
						BigInt.asUintN(64, start + BigInt(durationNs)),
					);
				},
			),
		);
	});
});

test("stages are spans of their own within the whole, each with another id", () => {
	const stages = Array.from({ length: 300 }, (_, i) => ({
		name: i === 1 ? "queue" : `s${i}`,
		startUs: i,
		durationUs: 1,
	}));
	const [root, ...rest] = spansOf(
		traceRecord({
			stages,
			durationUs: 300,
			spanId: "1".repeat(8) + "f".repeat(8),
		}),
	);
	const parts = rest.filter(({ parentSpanId }) => parentSpanId.length > 0);
	assert.equal(parts.length, 300);
	const ids = new Set([root!, ...parts].map(({ spanId }) => hex(spanId)));
	assert.equal(ids.size, 301);
	for (const part of parts) {
		assert.deepEqual(part.parentSpanId, root?.spanId);
		assert.equal(part.kind, 1);
		assert.ok(part.startTimeUnixNano >= root!.startTimeUnixNano);
		assert.ok(part.endTimeUnixNano <= root!.endTimeUnixNano);
	}
});

test("a batch has one span, however many of its requests are told, and they link to it", () => {
	const links = [
		{ traceId: BATCH.traceId, spanId: BATCH.spanId, kind: "batch" as const },
	];
	const stages = [{ name: "queue", startUs: 0, durationUs: 1000 }];
	const one = traceRecord({ batch: BATCH, links, stages });
	const spans = spansOf(one, { ...one, spanId: "c".repeat(16) });
	const batches = spans.filter(({ name }) => name === "batch mlp");
	assert.equal(batches.length, 1);
	assert.equal(hex(batches[0]!.links[0]!.spanId), SPAN);
	const told = attributesOf(batches[0]!.attributes);
	assert.equal(told["saccade.batch.rows"], 8n);
	assert.equal(told["saccade.batch.predicted_us"], 2900.5);
	const [root, queue] = spans;
	assert.equal(hex(root!.links[0]!.traceId), BATCH.traceId);
	assert.deepEqual(attributesOf(queue!.attributes), {
		"saccade.batch.closed_because": "full",
	});
});

test("frames and the requests of their pipelines are not the server's of a call", () => {
	const [frame, request] = spansOf(
		traceRecord({ kind: "frame", transport: null, name: "drive", version: "" }),
		traceRecord({ transport: "pipeline", parentSpanId: SPAN }),
	);
	assert.equal(frame?.name, "frame drive");
	assert.equal(frame.kind, 5);
	assert.equal(request?.name, "infer mlp");
	assert.equal(request.kind, 1);
	assert.equal(request.flags, 0x101, "its parent is here");
});

test("what describes the server may be longer than the room before the spans", () => {
	const buffer = new ProtoBuffer();
	new SpanEncoder().add(traceRecord(), buffer);
	const spansBytes = buffer.byteLength;
	const memory = new ArrayBuffer(SPANS_AT + spansBytes);
	buffer.moveTo(new Uint8Array(memory), SPANS_AT);
	for (const length of [10, SPANS_AT - 100, SPANS_AT, 3 * SPANS_AT]) {
		const resource = { "service.name": "x".repeat(length) };
		const request = traceRequest({ ...SOURCE, resource }, memory, spansBytes);
		const message = fromBinary(ExportTraceServiceRequestSchema, request);
		const [{ resource: told, scopeSpans }] = message.resourceSpans as [
			(typeof message.resourceSpans)[0],
		];
		assert.deepEqual(attributesOf(told?.attributes ?? []), resource);
		assert.equal(hex(scopeSpans[0]!.spans[0]!.traceId), TRACE);
	}
});
