// Gives requests a trace: those whose caller sends one, and a share of the others. W3C Trace Context in HTTP headers and
// gRPC metadata alike.
import { HEADER } from "@saccade/protocol";
import type { HeadSampler } from "../telemetry/tracing/head-sampler.ts";
import { beginRequestTrace } from "../telemetry/tracing/request-trace.ts";
import {
	parseTraceContext,
	type TraceContext,
} from "../telemetry/tracing/trace-context.ts";
import type { RequestHead } from "./endpoint.ts";
import type { OpenMiddleware } from "./middleware.ts";

export interface TracingOptions {
	readonly sampler: HeadSampler;
	readonly nowUs: () => number;
}

/** Null: nobody traces. */
export function withTracing(options: TracingOptions | null): OpenMiddleware {
	if (options === null) return (next) => next;
	const { sampler, nowUs } = options;
	return (next) => (head) => {
		const opened = next(head);
		if (!opened.ok || head.operation !== "infer") return opened;
		const parent = callerOf((name) => head.header(name));
		if (parent === null && !sampler.takesNext()) return opened;
		const trace = beginRequestTrace(
			head.transport,
			parent,
			parent?.isSampled ?? true,
		);
		trace.openedUs = nowUs();
		opened.context.trace = trace;
		return opened;
	};
}

/** @param header by lower-case name @returns null: it sends no context, or a malformed one */
export function callerOf(header: RequestHead["header"]): TraceContext | null {
	const traceparent = header(HEADER.traceparent);
	// Most send none, and headers are looked for one by one.
	if (traceparent === undefined) return null;
	return parseTraceContext(traceparent, header(HEADER.tracestate));
}
