// The neutral request as every transport presents it, and the two phases of an endpoint:
//
//   head → open(head)     trace, auth, limit, deadline: refused here, no body byte is kept
//   name → admit(model)   refused here, the rest is not read
//   body → run(request, reply)
//
// Middleware is `(next) => next'`, composed once at start. Transports see these types and nothing below.

import type { SaccadeError } from "../errors/saccade-error.ts";
import type {
	ConsoleListener,
	ConsoleSubscription,
} from "../service/console/feed.ts";
import type {
	InferReply,
	InferRequest,
	InferTicket,
	Parameters,
} from "../service/inference.ts";
import type { StreamListener, StreamRequest } from "../streams/stream.ts";
import type { StreamOpenResult } from "../streams/stream-set.ts";
import type { RequestTrace } from "../telemetry/tracing/request-trace.ts";
import type { TraceTransport } from "../telemetry/tracing/trace-record.ts";

export type { FramePayload } from "../pipelines/frame.ts";
export type {
	CameraCalibration,
	Decision,
	FrameTransform,
} from "../pipelines/pipeline.ts";
export type { QosProfile } from "../pipelines/qos-profile.ts";
export type { ConsoleSubscription } from "../service/console/feed.ts";
// Transports see endpoint types only; these are the service's shapes as they pass through.
export type {
	InferInput,
	InferReply,
	InferRequest,
	InferResponse,
	InferTicket,
	Parameters,
	ParameterValue,
	RequestedOutput,
	SequenceInfo,
} from "../service/inference.ts";
export type { QosIncompatibility, QosOffer } from "../streams/qos.ts";
export type { SensorStatus } from "../streams/sensor.ts";
export type {
	FrameOutcome,
	SensorEvent,
	SensorStream,
	StreamListener,
	StreamRequest,
	StreamTotals,
} from "../streams/stream.ts";

/** What is known when the headers are complete. */
export interface RequestHead {
	readonly transport: "http" | "grpc";
	/** The use case, e.g. `infer`, `repository.load`: Triton's restricted-API categories hang on it. */
	readonly operation: Operation;
	/** Lower-case header or metadata name → value, undefined when absent. */
	header(name: string): string | undefined;
	/** All of them, by lower-case name. */
	headers(): Iterable<readonly [name: string, value: string]>;
	/** Absolute µs from the transport's own deadline (`grpc-timeout`); Infinity when none. */
	readonly transportDeadlineUs: number;
	readonly receivedUs: number;
	readonly peer: string;
}

const OPERATIONS = [
	"health",
	"server.metadata",
	"model.metadata",
	"model.config",
	"statistics",
	"infer",
	"repository.index",
	"repository.load",
	"repository.unload",
	"repository.swaps",
	"trace.get",
	"trace.set",
	"logging.get",
	"logging.set",
	"shared-memory.status",
	"shared-memory.register",
	"shared-memory.unregister",
	"telemetry",
	"sensor.register",
	"sensor.unregister",
	"sensor.list",
	"stream.list",
	"recording.start",
	"recording.stop",
	"recording.status",
	"pipeline.list",
	"explain",
	"console",
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What the open phase learnt; travels with the request. */
export interface CallContext {
	/** Earliest of every source known so far; Infinity when none. */
	readonly deadlineUs: number;
	readonly receivedUs: number;
	/** Null: neither the caller nor the sampler asked for one. Changes once the model is known that has settings of its own. */
	trace: RequestTrace | null;
	/** How it came; absent: over a network thread. */
	readonly transport?: TraceTransport;
	/** Who asks for what changes the server's state, e.g. `http 10.0.0.7:51544, with the admin token`. */
	readonly caller?: string;
	/** Headers that go with the request as parameters; absent when none do. */
	readonly forwarded?: Parameters;
}

/** Open either refuses or yields the context. */
export type Opened =
	| { readonly ok: true; readonly context: CallContext }
	| { readonly ok: false; readonly error: SaccadeError };

export type OpenPhase = (head: RequestHead) => Opened;

export interface InferEndpoint {
	readonly open: OpenPhase;
	admit(
		context: CallContext,
		modelName: string,
		modelVersion: string,
	): SaccadeError | null;
	run(
		context: CallContext,
		request: InferRequest,
		reply: InferReply,
	): InferTicket;
}

/** Sensor streams. */
export interface StreamEndpoint {
	readonly open: OpenPhase;
	run(request: StreamRequest, listener: StreamListener): StreamOpenResult;
}

/** What a console follows. */
export interface ConsoleEndpoint {
	readonly open: OpenPhase;
	/** Throws UNAVAILABLE. */
	run(listener: ConsoleListener): ConsoleSubscription;
}

/** Every other use case: small messages, promises allowed. */
export interface UnaryEndpoint<Request, Response> {
	readonly operation: Operation;
	readonly open: OpenPhase;
	run(context: CallContext, request: Request): Promise<Response>;
}
