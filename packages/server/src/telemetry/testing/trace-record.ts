// A traced request that was answered, for tests of what becomes of records. The ids are those of W3C's Trace Context.
import type { TraceRecord } from "../tracing/trace-record.ts";

export function traceRecord(more: Partial<TraceRecord> = {}): TraceRecord {
	return {
		kind: "request",
		traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
		spanId: "00f067aa0ba902b7",
		parentSpanId: null,
		tracestate: "",
		isSampled: true,
		transport: "grpc",
		name: "mlp",
		version: "1",
		attributes: {},
		startUnixUs: 1_795_647_327_825_000,
		durationUs: 4000,
		outcome: "RESULT",
		reason: null,
		detail: "",
		deadlineUs: null,
		isMissed: false,
		stages: [],
		decisions: [],
		batch: null,
		links: [],
		...more,
	};
}
