// Methods that are not hot: whole messages in, promises, async iterables and thrown errors allowed.
import { type MethodHandler, type ServerCall, Status } from "../api.ts";
import { GrpcError } from "../grpc-error.ts";
import { AnswerSender, type Codec } from "./answer-sender.ts";
import { MessageCollector } from "./message-collector.ts";
import { RequestQueue } from "./request-queue.ts";

interface MethodOptions<Request, Response> extends Codec<Request, Response> {
	/** Runs when the headers are complete, before any message; throw to refuse. */
	readonly open?: (call: ServerCall) => void;
}

/** One request, one answer. */
export interface UnaryOptions<Request, Response>
	extends MethodOptions<Request, Response> {
	readonly handle: (
		request: Request,
		call: ServerCall,
	) => Response | Promise<Response>;
}

export function unaryMethod<Request, Response>(
	options: UnaryOptions<Request, Response>,
): MethodHandler {
	return handler("unary", options, (call) => {
		const answers = new AnswerSender(call, options);
		return receive(call, options, {
			request: (request) =>
				settle(call, async () => {
					await answers.reply(await options.handle(request, call));
				}),
		});
	});
}

/** One request, many answers. The call ends when `handle` resolves. */
export interface ServerStreamOptions<Request, Response>
	extends MethodOptions<Request, Response> {
	/** `send` resolves when more may be sent, and rejects when the call was cancelled. */
	readonly handle: (
		request: Request,
		send: (response: Response) => Promise<void>,
		call: ServerCall,
	) => Promise<void>;
}

export function serverStreamMethod<Request, Response>(
	options: ServerStreamOptions<Request, Response>,
): MethodHandler {
	return handler("server-stream", options, (call) => {
		const answers = new AnswerSender(call, options);
		return receive(call, options, {
			request: (request) =>
				settle(call, async () => {
					await options.handle(request, answers.send, call);
					await answers.sentAll();
					call.finish(Status.OK);
				}),
		});
	});
}

/** Many requests, one answer. The client is held back while requests wait to be iterated over. */
export interface ClientStreamOptions<Request, Response>
	extends MethodOptions<Request, Response> {
	/** Iteration ends with the client's last message, and throws GrpcError CANCELLED when the call was cancelled. */
	readonly handle: (
		requests: AsyncIterable<Request>,
		call: ServerCall,
	) => Promise<Response>;
}

export function clientStreamMethod<Request, Response>(
	options: ClientStreamOptions<Request, Response>,
): MethodHandler {
	return handler("client-stream", options, (call) => {
		const answers = new AnswerSender(call, options);
		const requests = new RequestQueue<Request>(call);
		settle(call, async () => {
			await answers.reply(await options.handle(requests, call));
		});
		return receive(call, options, requests);
	});
}

/** Many requests, many answers, in any order. The call ends when `handle` resolves. */
export interface BidiOptions<Request, Response>
	extends MethodOptions<Request, Response> {
	/** As with a client stream and a server stream. */
	readonly handle: (
		requests: AsyncIterable<Request>,
		send: (response: Response) => Promise<void>,
		call: ServerCall,
	) => Promise<void>;
}

export function bidiMethod<Request, Response>(
	options: BidiOptions<Request, Response>,
): MethodHandler {
	return handler("bidi", options, (call) => {
		const answers = new AnswerSender(call, options);
		const requests = new RequestQueue<Request>(call);
		settle(call, async () => {
			await options.handle(requests, answers.send, call);
			await answers.sentAll();
			call.finish(Status.OK);
		});
		return receive(call, options, requests);
	});
}

function handler<Request, Response>(
	kind: MethodHandler["kind"],
	options: MethodOptions<Request, Response>,
	open: (call: ServerCall) => MessageCollector,
): MethodHandler {
	return {
		kind,
		open: (call) => {
			try {
				options.open?.(call);
			} catch (error) {
				finishWith(call, error);
				return null;
			}
			return open(call);
		},
	};
}

/** Decoded requests for `to`; one that cannot be decoded ends the call. */
function receive<Request, Response>(
	call: ServerCall,
	codec: Codec<Request, Response>,
	to: {
		request(request: Request): void;
		halfClose?(): void;
		cancelled?(): void;
	},
): MessageCollector {
	return new MessageCollector({
		message: (bytes) => {
			let request: Request;
			try {
				request = codec.decode(bytes);
			} catch {
				const text = `the message of ${bytes.byteLength} bytes is malformed`;
				call.finish(Status.INVALID_ARGUMENT, text);
				to.cancelled?.();
				return;
			}
			to.request(request);
		},
		halfClose: () => to.halfClose?.(),
		abort: () => to.cancelled?.(),
	});
}

/** Runs a handler; what it throws ends its call. */
function settle(call: ServerCall, run: () => Promise<void>): void {
	run().catch((error: unknown) => finishWith(call, error));
}

function finishWith(call: ServerCall, error: unknown): void {
	if (error instanceof GrpcError) {
		try {
			call.finish(error.status, error.message, error.trailers);
			return;
		} catch {
			// Its trailers are no metadata: as bad as any other bug of the handler.
		}
	}
	call.trailers = [];
	call.finish(Status.INTERNAL, "internal error");
}
