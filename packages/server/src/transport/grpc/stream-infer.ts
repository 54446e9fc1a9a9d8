// ModelStreamInfer: requests in, answers out, in the order of the requests. A failed request is told in its
// answer and the stream goes on, unless the client asked for real statuses (`triton_grpc_error: true`).
import { create, toBinary } from "@bufbuild/protobuf";
import {
	type CancelReason,
	type MessageSink,
	type ServerCall,
	Status,
} from "@saccade/grpc";
import { HEADER } from "@saccade/protocol";
import {
	ModelInferResponseSchema,
	ModelStreamInferResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { noMemory } from "../../endpoint/body-memory.ts";
import type {
	CallContext,
	InferReply,
	InferRequest,
	InferResponse,
	InferTicket,
} from "../../endpoint/endpoint.ts";
import { serverExiting } from "../../endpoint/middleware.ts";
import {
	type SaccadeError,
	toSaccadeError,
} from "../../errors/saccade-error.ts";
import { siblingTrace } from "../../telemetry/tracing/request-trace.ts";
import { copiedBytes } from "../../tensor/copied-bytes.ts";
import type { ArrivingPlacement } from "../../tensor/slot-pool.ts";
import type { Lease } from "../../tensor/tensor.ts";
import { varintBytes, writeVarint } from "../../wire/wire-reader.ts";
import { requestLabel } from "./codec/infer-request.ts";
import { InferResponseWriter } from "./codec/infer-response.ts";
import { statusOf, trailersOf } from "./error-map.ts";
import { type InferTools, toInferRequest } from "./infer-call.ts";

/** Requests of one stream under way; beyond it the client is held back by its window. */
const MAX_IN_FLIGHT = 256;
/** Field `infer_response` of ModelStreamInferResponse. */
const INFER_RESPONSE_TAG = 0x12;

const writer = new InferResponseWriter();

/** One request's place in the order of answers. */
class Turn implements InferReply {
	readonly #stream: StreamInferCall;
	readonly id: string;
	readonly modelName: string;
	ticket: InferTicket | null = null;
	/** The encoded answer, once there is one. */
	answer: Uint8Array | null = null;
	failure: SaccadeError | null = null;

	constructor(stream: StreamInferCall, id: string, modelName: string) {
		this.#stream = stream;
		this.id = id;
		this.modelName = modelName;
	}

	response(response: InferResponse): void {
		this.answer = encodeAnswer(response);
		this.#stream.turnDone();
	}

	error(error: SaccadeError): void {
		this.failure = error;
		this.answer = encodeFailure(error, this.id, this.modelName);
		this.#stream.turnDone();
	}
}

export class StreamInferCall implements MessageSink {
	readonly #call: ServerCall;
	readonly #tools: InferTools;
	readonly #context: CallContext;
	readonly #realErrors: boolean;
	readonly #nowUs: () => number;
	readonly #draining: AbortSignal;
	/** In the order of arrival. */
	#turns: Turn[] = [];
	#placement: ArrivingPlacement | null = null;
	#lease: Lease | null = null;
	#arrivedBytes = 0;
	#label: ReturnType<typeof requestLabel> = { id: "", modelName: "" };
	#paused = false;
	#backedUp = false;
	#halfClosed = false;
	#ended = false;

	constructor(
		call: ServerCall,
		tools: InferTools,
		context: CallContext,
		nowUs: () => number,
		draining: AbortSignal,
	) {
		this.#call = call;
		this.#tools = tools;
		this.#context = context;
		this.#nowUs = nowUs;
		this.#draining = draining;
		draining.addEventListener("abort", this.#onDraining);
		this.#realErrors = call.metadata.get(HEADER.tritonGrpcError) === "true";
		call.onCancel = () => this.#abandon();
		call.onDrain = () => {
			this.#backedUp = false;
			this.turnDone();
		};
	}

	begin(byteLength: number, first: Uint8Array): Uint8Array | null {
		if (this.#ended) return null;
		const { endpoint, pool, reader } = this.#tools;
		const seen = reader.glimpse(first);
		const refusal =
			seen.modelName === null
				? null
				: endpoint.admit(this.#context, seen.modelName, seen.modelVersion);
		if (refusal !== null) {
			// The stream goes on, so the rest of the message is read, but not kept.
			this.#addTurn(requestLabel(first)).error(refusal);
			return null;
		}
		const placement = pool.placeArriving(byteLength, seen.rawOffset);
		if (placement === null) {
			this.#addTurn(requestLabel(first)).error(noMemory(pool));
			return null;
		}
		this.#placement = placement;
		this.#lease = placement.lease;
		this.#arrivedBytes = 0;
		if (first.byteLength < byteLength) this.#label = requestLabel(first);
		return placement.bytes;
	}

	arriving(byteLength: number): boolean {
		this.#arrivedBytes += byteLength;
		if (this.#placement!.arrived(this.#arrivedBytes)) return true;
		this.#lease?.release();
		this.#lease = null;
		this.#placement = null;
		this.#addTurn(this.#label).error(noMemory(this.#tools.pool));
		return false;
	}

	end(): void {
		const { bytes, lease, arrived } = this.#placement!;
		this.#placement = null;
		this.#lease = null;
		copiedBytes.land += bytes.byteLength;
		if (!arrived(bytes.byteLength)) {
			const label = requestLabel(bytes);
			lease.release();
			this.#addTurn(label).error(noMemory(this.#tools.pool));
			return;
		}
		let request: InferRequest;
		let context: CallContext;
		try {
			context = this.#contextOfNext();
			request = toInferRequest(this.#tools.reader.read(bytes), context, lease);
		} catch (error) {
			const label = requestLabel(bytes);
			lease.release();
			this.#addTurn(label).error(toSaccadeError(error));
			return;
		}
		const turn = this.#addTurn(request);
		if (this.#draining.aborted) {
			request.lease?.release();
			turn.error(serverExiting());
			return;
		}
		turn.ticket = this.#tools.endpoint.run(context, request, turn);
		this.#balance();
	}

	/** Requests of a stream share its head, and are told apart by their own time and span. */
	#contextOfNext(): CallContext {
		const receivedUs = this.#nowUs();
		const transport = "grpc-stream";
		const trace = siblingTrace(this.#context.trace, transport);
		return { ...this.#context, receivedUs, transport, trace };
	}

	halfClose(): void {
		this.#halfClosed = true;
		this.turnDone();
	}

	abort(_reason: CancelReason): void {
		this.#lease?.release();
		this.#lease = null;
	}

	/** Some turn got its answer: sends all that are next in order. */
	turnDone(): void {
		while (!this.#ended && !this.#backedUp && this.#turns[0]?.answer != null) {
			const turn = this.#turns.shift()!;
			if (turn.failure !== null && this.#realErrors) {
				this.#finishWith(turn.failure);
				return;
			}
			const answer = turn.answer!;
			copiedBytes.answer += answer.byteLength;
			this.#backedUp = !this.#call.send({
				byteLength: answer.byteLength,
				writeTo: (target, offset) => target.set(answer, offset),
			});
		}
		this.#balance();
		if (this.#ended || this.#turns.length > 0) return;
		if (this.#halfClosed) {
			this.#leave();
			this.#call.finish(Status.OK);
		} else if (this.#draining.aborted) this.#finishWith(serverExiting());
	}

	/** What was accepted is answered first. */
	readonly #onDraining = (): void => this.turnDone();

	#leave(): void {
		this.#ended = true;
		this.#draining.removeEventListener("abort", this.#onDraining);
	}

	/** Holds the client back while too much of its work is under way, or it does not read its answers. */
	#balance(): void {
		const full = this.#turns.length >= MAX_IN_FLIGHT;
		if (full === this.#paused || this.#ended) return;
		this.#paused = full;
		if (full) this.#call.pause();
		else this.#call.resume();
	}

	#addTurn(request: Pick<InferRequest, "id" | "modelName">): Turn {
		const turn = new Turn(this, request.id, request.modelName);
		this.#turns.push(turn);
		return turn;
	}

	#finishWith(error: SaccadeError): void {
		this.#leave();
		this.#call.finish(statusOf(error), error.message, trailersOf(error));
		this.#abandon();
	}

	#abandon(): void {
		this.#leave();
		const turns = this.#turns;
		this.#turns = [];
		for (const turn of turns) if (turn.answer === null) turn.ticket?.cancel();
	}
}

/** `ModelStreamInferResponse { infer_response }`; the outputs' views die with the call, so it is encoded now. */
function encodeAnswer(response: InferResponse): Uint8Array {
	writer.prepare(response, true);
	const size = varintBytes(writer.byteLength);
	const out = new Uint8Array(1 + size + writer.byteLength);
	out[0] = INFER_RESPONSE_TAG;
	writer.writeTo(out, writeVarint(out, 1, writer.byteLength));
	return out;
}

function encodeFailure(
	error: SaccadeError,
	id: string,
	modelName: string,
): Uint8Array {
	return toBinary(
		ModelStreamInferResponseSchema,
		create(ModelStreamInferResponseSchema, {
			errorMessage: error.message,
			inferResponse: create(ModelInferResponseSchema, {
				id,
				modelName,
				parameters: {
					triton_final_response: {
						parameterChoice: { case: "boolParam", value: true },
					},
				},
			}),
		}),
	);
}
