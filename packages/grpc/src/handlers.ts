// Handlers for methods that are not hot: whole messages in, promises and thrown errors allowed.
import {
	type MessageSink,
	type MethodHandler,
	type OutgoingMetadata,
	type ServerCall,
	Status,
} from "./api.ts";

/** Throw it to end a call with a status of your choice; anything else thrown becomes INTERNAL without its text. */
export class GrpcError extends Error {
	readonly status: Status;
	readonly trailers: OutgoingMetadata;

	constructor(
		status: Status,
		message: string,
		trailers: OutgoingMetadata = [],
	) {
		super(message);
		this.name = "GrpcError";
		this.status = status;
		this.trailers = trailers;
	}
}

export interface MessageCodec<Request, Response> {
	/** Throws for malformed bytes: the call ends with INVALID_ARGUMENT. */
	decode(bytes: Uint8Array): Request;
	encode(response: Response): Uint8Array;
}

export interface UnaryOptions<Request, Response>
	extends MessageCodec<Request, Response> {
	/** Runs before the body is read; throw to refuse. */
	readonly open?: (call: ServerCall) => void;
	readonly handle: (
		request: Request,
		call: ServerCall,
	) => Response | Promise<Response>;
}

export function unaryMethod<Request, Response>(
	options: UnaryOptions<Request, Response>,
): MethodHandler {
	return {
		kind: "unary",
		open: (call) =>
			collect(call, options, async (request) => {
				const response = await options.handle(request, call);
				call.reply(sourceOf(options.encode(response)));
			}),
	};
}

export interface StreamOptions<Request, Response>
	extends MessageCodec<Request, Response> {
	readonly open?: (call: ServerCall) => void;
	/**
	 * Called for each request in order, one at a time. `send` resolves when more may be sent, and rejects when the
	 * call was cancelled.
	 * A server stream ends when the promise of its one request resolves; a bidirectional one after half-close.
	 */
	readonly handle: (
		request: Request,
		send: (response: Response) => Promise<void>,
		call: ServerCall,
	) => Promise<void>;
}

export function serverStreamMethod<Request, Response>(
	options: StreamOptions<Request, Response>,
): MethodHandler {
	return {
		kind: "server-stream",
		open: (call) =>
			collect(call, options, async (request) => {
				await options.handle(request, senderOf(call, options), call);
				call.finish(Status.OK);
			}),
	};
}

export function bidiMethod<Request, Response>(
	options: StreamOptions<Request, Response>,
): MethodHandler {
	return {
		kind: "bidi",
		open: (call) => {
			const send = senderOf(call, options);
			// One request after the other, and the client is held back while one is being handled.
			let tail = Promise.resolve();
			return collect(
				call,
				options,
				(request) => {
					call.pause();
					tail = tail.then(() => options.handle(request, send, call));
					return tail.finally(() => call.resume());
				},
				() => {
					tail.then(
						() => call.finish(Status.OK),
						() => {},
					);
				},
			);
		},
	};
}

function collect<Request, Response>(
	call: ServerCall,
	options: MessageCodec<Request, Response> & {
		readonly open?: (call: ServerCall) => void;
	},
	handle: (request: Request) => Promise<void>,
	halfClose: () => void = () => {},
): MessageSink | null {
	try {
		options.open?.(call);
	} catch (error) {
		finishWith(call, error);
		return null;
	}
	let message = new Uint8Array(0);
	return {
		begin: (byteLength) => {
			message = new Uint8Array(byteLength);
			return message;
		},
		end: () => {
			let request: Request;
			try {
				request = options.decode(message);
			} catch {
				call.finish(
					Status.INVALID_ARGUMENT,
					`the message of ${message.byteLength} bytes is malformed`,
				);
				return;
			}
			handle(request).catch((error: unknown) => finishWith(call, error));
		},
		halfClose,
		abort: () => {},
	};
}

function senderOf<Response>(
	call: ServerCall,
	codec: { encode(response: Response): Uint8Array },
): (response: Response) => Promise<void> {
	let drained: PromiseWithResolvers<void> | null = null;
	call.onDrain = () => {
		const waiting = drained;
		drained = null;
		if (call.cancelled) waiting?.reject(cancelled());
		else waiting?.resolve();
	};
	return (response) => {
		if (!call.cancelled && call.send(sourceOf(codec.encode(response))))
			return Promise.resolve();
		drained ??= Promise.withResolvers<void>();
		const { promise } = drained;
		// A handler need not wait for what it sends.
		promise.catch(() => {});
		if (call.cancelled) call.onDrain?.();
		return promise;
	};
}

function cancelled(): GrpcError {
	return new GrpcError(Status.CANCELLED, "the call was cancelled");
}

function sourceOf(bytes: Uint8Array) {
	return {
		byteLength: bytes.byteLength,
		writeTo: (target: Uint8Array, offset: number) => target.set(bytes, offset),
	};
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
	call.finish(Status.INTERNAL, "internal error");
}
