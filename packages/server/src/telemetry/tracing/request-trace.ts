// A request's place in a trace while it is under way. Only those have one that the caller or the sampler asked for, or
// that a traced frame made: of all others the stamps of their entry tell enough when they turn out slow or late.
// Plain data, since a network thread may have begun it.
import type { TraceContext } from "./trace-context.ts";
import { newSpanId, newTraceId } from "./trace-ids.ts";
import type { TraceRecord, TraceTransport } from "./trace-record.ts";

/** Whom a request works for, and whose trace it is a part of. */
export interface RequestOwner {
	requestEnded(record: TraceRecord): void;
}

export interface RequestTrace {
	readonly traceId: string;
	readonly spanId: string;
	readonly parentSpanId: string | null;
	readonly tracestate: string;
	readonly isSampled: boolean;
	readonly transport: TraceTransport;
	/** Of a pipeline's model: the frame that it works for. */
	readonly frame: RequestOwner | null;
	/** Instants on the server's clock in µs; NaN until they came, and where they are not known. */
	openedUs: number;
	admittedUs: number;
	landedUs: number;
	encodeStartUs: number;
	encodeEndUs: number;
	/** Of a generative model. */
	tokens: { readonly prompt: number; readonly output: number } | null;
}

/** Whose trace a request is a part of, and how it came. */
type TraceHead = Pick<
	RequestTrace,
	| "traceId"
	| "parentSpanId"
	| "tracestate"
	| "isSampled"
	| "transport"
	| "frame"
>;

/** Of a request that begins: it has its own span, and no instant has come. */
export function requestTrace(head: TraceHead): RequestTrace {
	return {
		traceId: head.traceId,
		spanId: newSpanId(),
		parentSpanId: head.parentSpanId,
		tracestate: head.tracestate,
		isSampled: head.isSampled,
		transport: head.transport,
		frame: head.frame,
		openedUs: Number.NaN,
		admittedUs: Number.NaN,
		landedUs: Number.NaN,
		encodeStartUs: Number.NaN,
		encodeEndUs: Number.NaN,
		tokens: null,
	};
}

/** @param parent null: the trace begins here */
export function beginRequestTrace(
	transport: TraceTransport,
	parent: TraceContext | null,
	isSampled: boolean,
): RequestTrace {
	return requestTrace({
		traceId: parent?.traceId ?? newTraceId(),
		parentSpanId: parent?.spanId ?? null,
		tracestate: parent?.tracestate ?? "",
		isSampled,
		transport,
		frame: null,
	});
}

/** One more request of the same caller: a stream of requests has one head. */
export function siblingTrace(
	trace: RequestTrace | null,
	transport: TraceTransport,
): RequestTrace | null {
	return trace === null ? null : requestTrace({ ...trace, transport });
}
