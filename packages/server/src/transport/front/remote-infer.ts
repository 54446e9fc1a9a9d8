// Inference as a front has it: requests go to the core, answers come back. The bytes of a request stay in their slot,
// which both threads see; the front keeps the lease until the core says that they are not needed.
import type {
	CallContext,
	InferEndpoint,
	InferReply,
	InferRequest,
	InferTicket,
	OpenPhase,
} from "../../endpoint/endpoint.ts";
import { fromPlainError } from "../../errors/plain-error.ts";
import type { SaccadeError } from "../../errors/saccade-error.ts";
import type { Lease } from "../../tensor/tensor.ts";
import { AnswerReader } from "./answer-records.ts";
import { CallIds, CallTable } from "./call-table.ts";
import type { Link, RecordSpace } from "./link.ts";
import type { InferMessage, ToCore, ToFront } from "./messages.ts";
import { KIND } from "./records.ts";
import { RequestWriter } from "./request-records.ts";
import type { SharedMemory } from "./shared-memory.ts";

export type FrontLink = Link<ToFront, ToCore>;

interface RemoteCall {
	readonly modelName: string;
	readonly id: string;
	readonly reply: InferReply;
	/** Null once the bytes are not needed. */
	lease: Lease | null;
	isAnswered: boolean;
}

export class RemoteInfer implements InferEndpoint {
	readonly open: OpenPhase;
	readonly #link: FrontLink;
	readonly #requests: RequestWriter;
	readonly #answers = new AnswerReader();
	readonly #callIds = new CallIds();
	readonly #calls = new CallTable<RemoteCall>();

	constructor(open: OpenPhase, link: FrontLink, memory: SharedMemory) {
		this.open = open;
		this.#link = link;
		this.#requests = new RequestWriter(link, memory);
	}

	/** What the core knows now, only the core can tell: it refuses when it sees the request. */
	admit(): SaccadeError | null {
		return null;
	}

	run(
		context: CallContext,
		request: InferRequest,
		reply: InferReply,
	): InferTicket {
		const callId = this.#callIds.take();
		const { modelName, id, lease } = request;
		const call = { modelName, id, reply, lease, isAnswered: false };
		this.#calls.set(callId, call);
		const isRecord =
			context.forwarded === undefined &&
			context.trace === null &&
			this.#requests.write(callId, request);
		if (!isRecord) this.#link.post(toMessage(callId, context, request));
		return {
			cancel: () => {
				if (call.isAnswered) return;
				if (isRecord) this.#requests.cancel(callId);
				else this.#link.post({ kind: "cancel", callId });
			},
		};
	}

	record(space: RecordSpace, at: number): void {
		const { int32 } = space;
		const callId = int32[at / 4 + 1]!;
		const call = this.#calls.get(callId)!;
		switch (int32[at / 4]) {
			case KIND.response: {
				const answer = this.#answers.response(space, at);
				this.#answered(callId, call, int32[at / 4 + 4] === 1);
				call.reply.response({
					...answer,
					modelName: call.modelName,
					id: call.id,
					parameters: null,
				});
				return;
			}
			case KIND.error:
				this.#answered(callId, call, int32[at / 4 + 4] === 1);
				call.reply.error(fromPlainError(this.#answers.error(space, at)));
				return;
			case KIND.released:
				this.#released(callId, call);
		}
	}

	/** An answer that no record could carry. */
	response(message: Extract<ToFront, { kind: "response" }>): void {
		const { callId, modelVersion, parameters, outputs } = message;
		const call = this.#calls.get(callId)!;
		const { modelName, id } = call;
		this.#answered(callId, call, message.isReleased);
		call.reply.response({ modelName, modelVersion, id, parameters, outputs });
		this.#link.post({ kind: "read", callId });
	}

	#answered(callId: number, call: RemoteCall, isReleased: boolean): void {
		call.isAnswered = true;
		if (isReleased) this.#released(callId, call);
	}

	#released(callId: number, call: RemoteCall): void {
		this.#calls.delete(callId);
		this.#callIds.giveBack(callId);
		const { lease } = call;
		call.lease = null;
		lease?.release();
	}
}

function toMessage(
	callId: number,
	context: CallContext,
	{ lease: _, ...request }: InferRequest,
): InferMessage {
	const inputs = request.inputs.map((input) => ({
		...input,
		data: sendable(input.data),
	}));
	return { kind: "infer", callId, context, request: { ...request, inputs } };
}

/** Shared memory is seen by both; of other memory a message would copy all that the view is a part of. */
function sendable(data: Uint8Array): Uint8Array {
	const isWhole = data.byteLength === data.buffer.byteLength;
	return data.buffer instanceof SharedArrayBuffer || isWhole
		? data
		: data.slice();
}
