// The answers of a call in their order: encoded, compressed where that was asked for, and no faster than the client
// takes them.
import {
	type Encoding,
	type MessageSource,
	type ServerCall,
	Status,
} from "../api.ts";
import { deflate } from "../grpc/compression.ts";
import { GrpcError } from "../grpc-error.ts";

export interface AnswerCodec<Response> {
	encode(response: Response): Uint8Array;
	/** Whether an answer is compressed, where the client takes gzip or deflate. @default none is: tensors hardly shrink */
	compress?(response: Response, call: ServerCall): boolean;
}

export interface Codec<Request, Response> extends AnswerCodec<Response> {
	/** Throws for malformed bytes: the call ends with INVALID_ARGUMENT. */
	decode(bytes: Uint8Array): Request;
}

export class AnswerSender<Response> {
	readonly #call: ServerCall;
	readonly #codec: AnswerCodec<Response>;
	readonly #encoding: Encoding;
	/** Answers wait for one that is being compressed; null when none is. */
	#tail: Promise<void> | null = null;
	#drained: PromiseWithResolvers<void> | null = null;

	constructor(call: ServerCall, codec: AnswerCodec<Response>) {
		this.#call = call;
		this.#codec = codec;
		this.#encoding =
			codec.compress === undefined ? "identity" : call.enableCompression();
		call.onDrain = () => this.#onDrain();
	}

	/** Sends the last answer and OK; at once, when it is not compressed. */
	async reply(response: Response): Promise<void> {
		const source = this.#sourceOf(response);
		this.#call.reply(source instanceof Promise ? await source : source);
	}

	/** Resolves when more may be sent; rejects when the call was cancelled. A handler need not wait. */
	readonly send = (response: Response): Promise<void> => {
		const source = this.#sourceOf(response);
		const sent =
			this.#tail === null && !(source instanceof Promise)
				? this.#sendNow(source)
				: this.#sendLater(source);
		// Nobody may be waiting for it.
		sent.catch(() => {});
		return sent;
	};

	/** All that was sent is on its way. */
	async sentAll(): Promise<void> {
		await this.#tail;
	}

	#sourceOf(response: Response): MessageSource | Promise<MessageSource> {
		const bytes = this.#codec.encode(response);
		const encoding = this.#encoding;
		return encoding !== "identity" &&
			this.#codec.compress?.(response, this.#call) === true
			? deflated(encoding, bytes)
			: plain(bytes);
	}

	#sendNow(source: MessageSource): Promise<void> {
		if (this.#call.cancelled) return Promise.reject(cancelled());
		if (this.#call.send(source)) return Promise.resolve();
		this.#drained ??= Promise.withResolvers();
		const { promise } = this.#drained;
		if (this.#call.cancelled) this.#onDrain();
		return promise;
	}

	#sendLater(source: MessageSource | Promise<MessageSource>): Promise<void> {
		const ready = Promise.all([source, this.#tail]);
		const sent = ready.then(([message]) => this.#sendNow(message));
		const over = () => {
			if (this.#tail === tail) this.#tail = null;
		};
		const tail: Promise<void> = sent.then(over, over);
		this.#tail = tail;
		return sent;
	}

	#onDrain(): void {
		const drained = this.#drained;
		this.#drained = null;
		if (this.#call.cancelled) drained?.reject(cancelled());
		else drained?.resolve();
	}
}

async function deflated(
	encoding: Exclude<Encoding, "identity">,
	bytes: Uint8Array,
): Promise<MessageSource> {
	return { ...plain(await deflate(encoding, bytes)), compressed: true };
}

function plain(bytes: Uint8Array): MessageSource {
	return {
		byteLength: bytes.byteLength,
		writeTo: (target, offset) => target.set(bytes, offset),
	};
}

function cancelled(): GrpcError {
	return new GrpcError(Status.CANCELLED, "the call was cancelled");
}
