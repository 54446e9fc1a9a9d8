// Inference as every transport offers it.
import { type DType, HEADER } from "@saccade/protocol";
import { ClientError } from "./client-error.ts";

export interface Tensor {
	readonly name: string;
	readonly datatype: DType;
	readonly shape: readonly number[];
	/** Little-endian elements; BYTES elements each behind their length in 4 bytes. */
	readonly data: Uint8Array;
}

export interface InferRequest {
	readonly model: string;
	/** @default the highest that serves */
	readonly version?: string;
	readonly inputs: readonly Tensor[];
	/** By name. @default all of the model's */
	readonly outputs?: readonly string[];
	/** Told to the server, and kept here too: afterwards the request is cancelled. In ms from now. @default none */
	readonly deadlineMs?: number;
	readonly signal?: AbortSignal;
	/** The caller's place in a trace, which the request becomes a part of: W3C Trace Context. @default none */
	readonly trace?: TraceContext;
}

/** As HTTP headers of these names have it. https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
	readonly traceparent: string;
	readonly tracestate?: string;
}

/** Headers, or metadata, of a context. */
export function traceHeaders(
	trace: TraceContext | undefined,
): Readonly<Record<string, string>> {
	if (trace === undefined) return {};
	return {
		[HEADER.traceparent]: trace.traceparent,
		...(trace.tracestate !== undefined && {
			[HEADER.tracestate]: trace.tracestate,
		}),
	};
}

export interface InferResponse {
	readonly model: string;
	readonly version: string;
	readonly outputs: readonly Tensor[];
}

export interface InferenceClient {
	/** Rejects with a ClientError. */
	infer(request: InferRequest): Promise<InferResponse>;
}

/** @throws ClientError INVALID_ARGUMENT */
export function assertDeadline(deadlineMs: number | undefined): void {
	if (deadlineMs === undefined || deadlineMs > 0) return;
	throw new ClientError(
		"INVALID_ARGUMENT",
		`deadlineMs is a time from now and must be > 0, got ${deadlineMs}`,
	);
}
