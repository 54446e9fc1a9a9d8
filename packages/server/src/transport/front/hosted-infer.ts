// Inference as the core does it for a front: requests are read from its records and messages, answers are written into
// others before `response` returns, since the outputs' views die with the call.
import type {
	CallContext,
	InferEndpoint,
	InferReply,
	InferRequest,
	InferResponse,
	InferTicket,
} from "../../endpoint/endpoint.ts";
import { toPlainError } from "../../errors/plain-error.ts";
import type { SaccadeError } from "../../errors/saccade-error.ts";
import { copiedBytes } from "../../tensor/copied-bytes.ts";
import { SlotPool } from "../../tensor/slot-pool.ts";
import type { Lease } from "../../tensor/tensor.ts";
import { AnswerWriter } from "./answer-records.ts";
import { CallTable } from "./call-table.ts";
import type { Link, RecordSpace } from "./link.ts";
import type { InferMessage, ToCore, ToFront } from "./messages.ts";
import { KIND } from "./records.ts";
import { RequestReader } from "./request-records.ts";

export type CoreLink = Link<ToCore, ToFront>;

const NO_CONTEXT: CallContext = {
	deadlineUs: Number.POSITIVE_INFINITY,
	receivedUs: 0,
	trace: null,
};

export class HostedInfer {
	readonly #endpoint: InferEndpoint;
	readonly #link: CoreLink;
	readonly #requests: RequestReader;
	readonly #answers: AnswerWriter;
	readonly #calls = new CallTable<HostedCall>();
	/** Of large outputs that a front still reads. */
	readonly #outputs = new SlotPool(Number.POSITIVE_INFINITY, {
		allocate: (byteLength) => new Uint8Array(new SharedArrayBuffer(byteLength)),
		free: () => {},
	});
	readonly #unread = new Map<number, Lease[]>();

	constructor(
		endpoint: InferEndpoint,
		link: CoreLink,
		memoryOf: (id: number) => Uint8Array,
	) {
		this.#endpoint = endpoint;
		this.#link = link;
		this.#requests = new RequestReader(memoryOf);
		this.#answers = new AnswerWriter(link);
	}

	get callCount(): number {
		return this.#calls.size;
	}

	record(space: RecordSpace, at: number): void {
		const callId = space.int32[at / 4 + 1]!;
		if (space.int32[at / 4] === KIND.cancel) this.cancel(callId);
		else this.#run(callId, NO_CONTEXT, this.#requests.read(space, at));
	}

	message({ callId, context, request }: InferMessage): void {
		this.#run(callId, context, request);
	}

	cancel(callId: number): void {
		this.#calls.get(callId)?.ticket?.cancel();
	}

	/** The front has read a large answer. */
	read(callId: number): void {
		for (const lease of this.#unread.get(callId) ?? []) lease.release();
		this.#unread.delete(callId);
	}

	/** The front is gone: nobody waits for what it asked. */
	abandon(): void {
		for (const callId of this.#calls.ids()) this.cancel(callId);
		for (const callId of [...this.#unread.keys()]) this.read(callId);
	}

	answer(call: HostedCall, response: InferResponse): void {
		const { callId, isReleased } = call;
		this.#answered(call);
		if (this.#answers.response(callId, response, isReleased)) return;
		const leases: Lease[] = [];
		const outputs = response.outputs.map((output) => {
			const placement = this.#outputs.place(output.data.byteLength);
			if (placement === null) return { ...output, data: output.data.slice() };
			placement.bytes.set(output.data);
			copiedBytes.answer += output.data.byteLength;
			leases.push(placement.lease);
			return { ...output, data: placement.bytes };
		});
		this.#unread.set(callId, leases);
		const { modelVersion, parameters } = response;
		this.#link.post({
			kind: "response",
			callId,
			modelVersion,
			parameters,
			outputs,
			isReleased,
		});
	}

	fail(call: HostedCall, error: SaccadeError): void {
		this.#answered(call);
		this.#answers.error(call.callId, toPlainError(error), call.isReleased);
	}

	/** The bytes of an answered call's request are not needed any more. */
	released(call: HostedCall): void {
		this.#answers.released(call.callId);
	}

	#run(
		callId: number,
		context: CallContext,
		request: Omit<InferRequest, "lease">,
	): void {
		const call = new HostedCall(callId, this);
		this.#calls.set(callId, call);
		const whole = { ...request, lease: call };
		const ticket = this.#endpoint.run(context, whole, call);
		if (!call.isAnswered) call.ticket = ticket;
	}

	#answered(call: HostedCall): void {
		call.isAnswered = true;
		call.ticket = null;
		this.#calls.delete(call.callId);
	}
}

/** A call of a front: reply and lease in one object. */
class HostedCall implements InferReply, Lease {
	readonly callId: number;
	readonly #host: HostedInfer;
	ticket: InferTicket | null = null;
	isAnswered = false;
	isReleased = false;

	constructor(callId: number, host: HostedInfer) {
		this.callId = callId;
		this.#host = host;
	}

	response(response: InferResponse): void {
		this.#host.answer(this, response);
	}

	error(error: SaccadeError): void {
		this.#host.fail(this, error);
	}

	release(): void {
		this.isReleased = true;
		if (this.isAnswered) this.#host.released(this);
	}
}
