// Inference as a use case, in nobody's wire format. Transports translate to and from these shapes.
// The hot path is callbacks, not promises: a request costs one object and no closure of ours.
import type { SaccadeError } from "../errors/saccade-error.ts";
import type { RequestTrace } from "../telemetry/tracing/request-trace.ts";
import type { Lease, Tensor } from "../tensor/tensor.ts";

export type ParameterValue = string | number | bigint | boolean;
export type Parameters = ReadonlyMap<string, ParameterValue>;

export interface InferInput extends Tensor {
	readonly parameters: Parameters | null;
}

export interface RequestedOutput {
	readonly name: string;
	/** Top-k to report as "value:index:label" strings; 0 for the tensor itself. */
	readonly classification: number;
	readonly parameters: Parameters | null;
}

/** Sequence flags of a stateful model; null on most requests. */
export interface SequenceInfo {
	readonly id: string | bigint;
	readonly start: boolean;
	readonly end: boolean;
}

export interface InferRequest {
	readonly modelName: string;
	/** Empty: the highest ready version. */
	readonly modelVersion: string;
	/** Echoed always. Empty when the client gave none. */
	readonly id: string;
	readonly inputs: readonly InferInput[];
	/** Null: every output. */
	readonly outputs: readonly RequestedOutput[] | null;
	/** Parameters without a meaning of their own, passed through; null when none. */
	readonly parameters: Parameters | null;
	readonly priority: number;
	/** Triton's `timeout` in µs; 0 when none. */
	readonly timeoutUs: number;
	readonly sequence: SequenceInfo | null;
	/** Absolute instant of the server's clock in µs; Infinity when none. */
	readonly deadlineUs: number;
	/** When the first byte arrived, on the server's clock in µs: where the request's time starts. */
	readonly receivedUs: number;
	/** Keeps the bytes behind `inputs` alive. The service releases it once, as soon as they are not needed. */
	readonly lease: Lease | null;
}

export interface InferResponse {
	readonly modelName: string;
	readonly modelVersion: string;
	readonly id: string;
	readonly parameters: Parameters | null;
	/** In the order asked for. Views are valid only during the call that hands them over. */
	readonly outputs: readonly Tensor[];
}

/** Where the answer goes. Exactly one of the two is called, once; encode before returning. */
export interface InferReply {
	response(response: InferResponse): void;
	error(error: SaccadeError): void;
}

/** A request under way. */
export interface InferTicket {
	/** The client left: queued work is dropped, running work is stopped where that saves anything; `reply.error` gets CANCELLED. */
	cancel(): void;
}

/** What is known of a request before its body is. */
export interface Arrival {
	readonly deadlineUs: number;
	/** Null: nobody asked for a trace of it. */
	readonly trace: RequestTrace | null;
}

export interface InferenceService {
	/**
	 * Early look, as soon as the model's name is known and before the body is kept: null to go on.
	 * NOT_FOUND, UNAVAILABLE, QUEUE_FULL, CANNOT_FINISH.
	 */
	admit(
		modelName: string,
		modelVersion: string,
		arrival: Arrival,
	): SaccadeError | null;
	/** Validates, schedules, answers through `reply`, perhaps before this returns. @param trace @default null */
	infer(
		request: InferRequest,
		reply: InferReply,
		trace?: RequestTrace | null,
	): InferTicket;
}
