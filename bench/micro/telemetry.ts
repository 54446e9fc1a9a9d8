// What counting and tracing cost: every request once, every batch once.
import { ModelMetrics } from "../../packages/server/src/app/metrics/model-metrics.ts";
import { RequestTracer } from "../../packages/server/src/app/tracing/model-tracer.ts";
import { systemClock } from "../../packages/server/src/common/clock.ts";
import { ModelEntry } from "../../packages/server/src/models/entry.ts";
import type { BatchStamps } from "../../packages/server/src/models/model-events.ts";
import { VersionStatistics } from "../../packages/server/src/models/version/statistics.ts";
import { SpanQueue } from "../../packages/server/src/telemetry/otlp/span-queue.ts";
import { MetricsRegistry } from "../../packages/server/src/telemetry/registry.ts";
import {
	beginRequestTrace,
	type RequestTrace,
} from "../../packages/server/src/telemetry/tracing/request-trace.ts";
import type { TraceRecord } from "../../packages/server/src/telemetry/tracing/trace-record.ts";
import { TraceRecorder } from "../../packages/server/src/telemetry/tracing/trace-recorder.ts";
import {
	TRACE_STORE_DEFAULTS,
	TraceStore,
} from "../../packages/server/src/telemetry/tracing/trace-store.ts";
import { type AnyCase, defineCase } from "./case.ts";
import { startMlpServer } from "./support/mlp-server.ts";

const ROWS = 32;
const STAMPS: BatchStamps = {
	device: "cpu",
	lane: 0,
	gatherStartUs: 100,
	runStartUs: 110,
	runEndUs: 150,
	splitEndUs: 160,
};

/** Of a request that nobody asked to trace, and that is none of the slowest; or of one that is traced. */
function entryOf(trace: RequestTrace | null): ModelEntry {
	const entry = new ModelEntry(
		1,
		{
			deadlineUs: Number.POSITIVE_INFINITY,
			priority: 0,
			timeoutUs: 0,
			receivedUs: 80,
			lease: null,
		},
		"",
		[[1, 64]],
		[new Uint8Array(256)],
		{ completed: () => {}, failed: () => {} },
	);
	entry.enqueuedUs = 90;
	entry.startedUs = STAMPS.gatherStartUs;
	entry.trace = trace;
	return entry;
}

function traced(): RequestTrace {
	const trace = beginRequestTrace("grpc", null, true);
	trace.openedUs = 82;
	trace.admittedUs = 84;
	trace.landedUs = 88;
	trace.encodeStartUs = 152;
	trace.encodeEndUs = 158;
	return trace;
}

function tracer(send: (record: TraceRecord) => void = () => {}): RequestTracer {
	const recorder = new TraceRecorder({
		clock: systemClock,
		store: new TraceStore(TRACE_STORE_DEFAULTS),
		export: send,
		log: { writes: () => false, debug: () => {} },
	});
	const made = new RequestTracer(recorder, { name: "mlp", version: "1" });
	// The slowest so far: what follows is faster.
	for (let i = 0; i < 16; i++) {
		const slow = entryOf(null);
		const stamps = { ...STAMPS, splitEndUs: 1_000_000 + i };
		made.batchFinished([slow], { ...FACTS, stamps }, null);
	}
	return made;
}

const FACTS = {
	rows: ROWS,
	closedBecause: "full",
	stamps: STAMPS,
	predictedUs: 60,
} as const;

export const telemetryCases: readonly AnyCase[] = [
	defineCase({
		name: `telemetry/trace-batch-${ROWS}-untraced`,
		budget: "telemetry",
		requestCount: ROWS,
		setup: async () => ({
			tracer: tracer(),
			batch: Array.from({ length: ROWS }, () => entryOf(null)),
		}),
		run: ({ tracer: made, batch }) => made.batchFinished(batch, FACTS, null),
		close: async () => {},
	}),
	defineCase({
		name: "telemetry/trace-record",
		budget: null,
		requestCount: 1,
		setup: async () => ({ tracer: tracer(), batch: [entryOf(traced())] }),
		run: ({ tracer: made, batch }) => made.batchFinished(batch, FACTS, null),
		close: async () => {},
	}),
	// Up to the hand-over to the thread that exports.
	defineCase({
		name: "telemetry/trace-sent",
		budget: null,
		requestCount: 1,
		setup: async () => {
			const queue = new SpanQueue(512);
			const send = (record: TraceRecord) => {
				queue.push(record);
				if (queue.hasFullBatch) queue.shift();
			};
			return { tracer: tracer(send), batch: [entryOf(traced())] };
		},
		run: ({ tracer: made, batch }) => made.batchFinished(batch, FACTS, null),
		close: async () => {},
	}),
	defineCase({
		name: `telemetry/batch-${ROWS}`,
		budget: "telemetry",
		requestCount: ROWS,
		setup: async () => {
			const server = await startMlpServer();
			const registry = new MetricsRegistry();
			return {
				server,
				metrics: new ModelMetrics(registry, server.model),
				statistics: new VersionStatistics(),
			};
		},
		// As a model version tells them.
		run: ({ metrics, statistics }) => {
			statistics.batchFinished(ROWS, ROWS, STAMPS);
			for (let i = 0; i < ROWS; i++) {
				statistics.succeeded(20 + i, 120 + i);
				metrics.requestFinished("RESULT", 20 + i, 120 + i, null);
			}
			metrics.batchFinished(ROWS, ROWS, "full", STAMPS, false);
		},
		close: ({ server, metrics }) => {
			metrics.close();
			return server.close();
		},
	}),
];
