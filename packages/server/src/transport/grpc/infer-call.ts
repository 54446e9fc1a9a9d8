// One ModelInfer call: where its bytes land, when it is refused, and how its answer leaves. Sink, reply and lease
// in one object, so that a call costs little.
//
//   open ─▶ begin: glimpse the name ─▶ admit ─▶ place ─▶ (bytes) ─▶ end: decode ─▶ run ─▶ response | error
import type { CancelReason, MessageSink, ServerCall } from "@saccade/grpc";
import { HEADER } from "@saccade/protocol";
import { noMemory } from "../../endpoint/body-memory.ts";
import { deadlineFromMs } from "../../endpoint/deadline.ts";
import type {
	CallContext,
	InferEndpoint,
	InferReply,
	InferRequest,
	InferResponse,
	InferTicket,
} from "../../endpoint/endpoint.ts";
import type { RefusalPressure } from "../../endpoint/refusal-pressure.ts";
import {
	type SaccadeError,
	toSaccadeError,
} from "../../errors/saccade-error.ts";
import { formatTraceparent } from "../../telemetry/tracing/trace-context.ts";
import { copiedBytes } from "../../tensor/copied-bytes.ts";
import type { ArrivingPlacement, SlotPool } from "../../tensor/slot-pool.ts";
import type { Lease } from "../../tensor/tensor.ts";
import type { InferRequestReader } from "./codec/infer-request.ts";
import { InferResponseWriter } from "./codec/infer-response.ts";
import { statusOf, trailersOf } from "./error-map.ts";

export interface InferTools {
	readonly endpoint: InferEndpoint;
	readonly pool: SlotPool;
	readonly reader: InferRequestReader;
	readonly pressure: RefusalPressure;
}

// A reply is written before the next one is prepared: one writer serves the thread.
const writer = new InferResponseWriter();

export class InferCall implements MessageSink, InferReply {
	readonly #call: ServerCall;
	readonly #tools: InferTools;
	readonly #context: CallContext;
	#placement: ArrivingPlacement | null = null;
	#arrivedBytes = 0;
	#lease: Lease | null = null;
	#ticket: InferTicket | null = null;

	constructor(call: ServerCall, tools: InferTools, context: CallContext) {
		this.#call = call;
		this.#tools = tools;
		this.#context = context;
		call.onCancel = this.#cancelled;
	}

	begin(byteLength: number, first: Uint8Array): Uint8Array | null {
		const { endpoint, pool, reader, pressure } = this.#tools;
		const seen = reader.glimpse(first);
		if (seen.modelName !== null) {
			const refusal = endpoint.admit(
				this.#context,
				seen.modelName,
				seen.modelVersion,
			);
			const isRefused = refusal?.refusedBecause != null;
			pressure.count(isRefused, this.#context.receivedUs);
			if (refusal !== null) {
				this.error(refusal);
				return null;
			}
		}
		const placement = pool.placeArriving(byteLength, seen.rawOffset);
		if (placement === null) {
			this.error(noMemory(pool));
			return null;
		}
		this.#placement = placement;
		this.#lease = placement.lease;
		return placement.bytes;
	}

	arriving(byteLength: number): boolean {
		this.#arrivedBytes += byteLength;
		if (this.#placement!.arrived(this.#arrivedBytes)) return true;
		// It ends the call, which releases the bytes.
		this.error(noMemory(this.#tools.pool));
		return false;
	}

	end(): void {
		const { bytes, arrived } = this.#placement!;
		this.#placement = null;
		copiedBytes.land += bytes.byteLength;
		// What was inflated did not arrive piece by piece.
		if (!arrived(bytes.byteLength)) {
			this.#releaseBytes();
			this.error(noMemory(this.#tools.pool));
			return;
		}
		let request: InferRequest;
		try {
			request = this.#decode(bytes);
		} catch (error) {
			this.#releaseBytes();
			this.error(toSaccadeError(error));
			return;
		}
		// The service releases the bytes from here on.
		this.#lease = null;
		this.#ticket = this.#tools.endpoint.run(this.#context, request, this);
	}

	halfClose(): void {}

	abort(_reason: CancelReason): void {
		this.#releaseBytes();
	}

	response(response: InferResponse): void {
		this.#ticket = null;
		const { trace } = this.#context;
		if (trace !== null)
			this.#call.trailers = [[HEADER.traceresponse, formatTraceparent(trace)]];
		this.#call.reply(writer.prepare(response, false));
	}

	error(error: SaccadeError): void {
		this.#ticket = null;
		this.#call.finish(statusOf(error), error.message, trailersOf(error));
	}

	#decode(bytes: Uint8Array): InferRequest {
		const decoded = this.#tools.reader.read(bytes);
		return toInferRequest(decoded, this.#context, this.#lease);
	}

	readonly #cancelled = (): void => {
		const ticket = this.#ticket;
		this.#ticket = null;
		ticket?.cancel();
	};

	#releaseBytes(): void {
		const lease = this.#lease;
		this.#lease = null;
		lease?.release();
	}
}

/** A decoded message in the service's shape. */
export function toInferRequest(
	decoded: ReturnType<InferRequestReader["read"]>,
	context: CallContext,
	lease: Lease | null,
): InferRequest {
	const { head, id, inputs } = decoded;
	return {
		modelName: head.modelName,
		modelVersion: head.modelVersion,
		id,
		inputs,
		outputs: head.outputs,
		parameters: head.others,
		priority: head.priority,
		timeoutUs: head.timeoutUs,
		sequence: head.sequence,
		deadlineUs: Number.isNaN(head.deadlineMs)
			? context.deadlineUs
			: Math.min(
					context.deadlineUs,
					deadlineFromMs(head.deadlineMs, context.receivedUs, "deadline_ms"),
				),
		receivedUs: context.receivedUs,
		lease,
	};
}
