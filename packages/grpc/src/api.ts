// The public shapes of the gRPC server. Everything is callback-based and synchronous on the hot path:
// a unary call costs no promise, no closure and no composed object of ours.
//
// Life of a call:   open(call) → sink.begin → (bytes land) → sink.end → call.reply | call.send… call.finish
//                                   └ null: refused, the rest of the message is skipped, never kept

/** gRPC status codes: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
export const Status = {
	OK: 0,
	CANCELLED: 1,
	UNKNOWN: 2,
	INVALID_ARGUMENT: 3,
	DEADLINE_EXCEEDED: 4,
	NOT_FOUND: 5,
	ALREADY_EXISTS: 6,
	PERMISSION_DENIED: 7,
	RESOURCE_EXHAUSTED: 8,
	FAILED_PRECONDITION: 9,
	ABORTED: 10,
	OUT_OF_RANGE: 11,
	UNIMPLEMENTED: 12,
	INTERNAL: 13,
	UNAVAILABLE: 14,
	DATA_LOSS: 15,
	UNAUTHENTICATED: 16,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

/** Request metadata. Names are lower case; `-bin` values are decoded by `getBinary`. */
export interface Metadata {
	get(name: string): string | undefined;
	getAll(name: string): string[];
	getBinary(name: string): Uint8Array | undefined;
	/** Every pair in arrival order, pseudo-headers left out. */
	entries(): IterableIterator<[name: string, value: string]>;
}

/** Metadata to send. `-bin` names take bytes. */
export type OutgoingMetadata = readonly (readonly [
	name: string,
	value: string | Uint8Array,
])[];

/** Something that can write one message of a known size straight into the connection's output buffer. */
export interface MessageSource {
	readonly byteLength: number;
	/** The bytes are compressed as `ServerCall.enableCompression` said. @default false */
	readonly compressed?: boolean;
	/** Writes exactly `byteLength` bytes from `offset`. Called once, synchronously. */
	writeTo(target: Uint8Array, offset: number): void;
}

/** https://github.com/grpc/grpc/blob/master/doc/compression.md */
export type Encoding = "identity" | "gzip" | "deflate";

export type CancelReason = "client" | "deadline" | "connection" | "shutdown";

/** One RPC. Owned by its connection; after `finish`, `reply` or a cancel every sending method is a no-op. */
export interface ServerCall {
	/** `/package.Service/Method` */
	readonly path: string;
	readonly metadata: Metadata;
	/** Absolute instant on the server's monotonic clock in µs, from `grpc-timeout`; `Infinity` when none. */
	readonly deadlineUs: number;
	/** Remote address, `ip:port` or a socket path. */
	readonly peer: string;
	/** True once the call ended early. */
	readonly cancelled: boolean;
	/** Set by the handler; called at most once, and never after the status was sent. */
	onCancel: ((reason: CancelReason) => void) | null;
	/** Set by the handler; called when output that was backed up has drained, and when the call is cancelled. */
	onDrain: (() => void) | null;
	/** Set by the handler: trailers that go with whatever status the call ends with. */
	trailers: OutgoingMetadata;
	/** Handler's own slot, so that it needs no map from calls to its state. */
	user: unknown;

	/** Sends initial metadata now; otherwise it goes with the first message. */
	sendMetadata(metadata: OutgoingMetadata): void;
	/**
	 * Announces compressed messages and tells how to compress them: gzip or deflate, or identity (not at all) where the
	 * client takes neither or metadata was sent. Messages without `compressed` may still be sent as they are.
	 */
	enableCompression(): Encoding;
	/** Sends one message. False: output is backed up; wait for `onDrain` before sending more. */
	send(message: MessageSource): boolean;
	/** Sends one message and status OK, coalesced: the hot path of a unary call. */
	reply(message: MessageSource): void;
	/** Ends the call. `message` is percent-encoded as the protocol asks; `trailers` come after those of the call. */
	finish(status: Status, message?: string, trailers?: OutgoingMetadata): void;
	/**
	 * Stops returning stream credit to the client: back pressure on a client stream. What arrives until `resume` counts
	 * as kept (`maxKeptBytes`) even where its messages are complete.
	 */
	pause(): void;
	resume(): void;
}

/**
 * Where the bytes of a call's messages go. One sink serves one call at a time; a handler may pool them.
 * For each message: one `begin`, then one `end`; after a cancel, one `abort` and nothing more.
 */
export interface MessageSink {
	/**
	 * A message of `byteLength` bytes begins. `first` is a view of what has arrived (at least
	 * `min(byteLength, 1024)` bytes), valid only during this call, unless it is returned.
	 *
	 * Returns where the message shall land (exactly `byteLength` long); or `first` itself when
	 * `first.byteLength === byteLength`: then nothing is copied, `end` follows at once and the view dies with it;
	 * or null to refuse: the handler has called `call.finish`, or will; the rest is skipped.
	 */
	begin(byteLength: number, first: Uint8Array): Uint8Array | null;
	/**
	 * So many more bytes of the message have arrived and are about to land. False: they shall not, and the rest of the
	 * message is skipped; `end` does not follow. For those who count what they keep.
	 */
	arriving?(byteLength: number): boolean;
	/** The message that `begin` announced is complete. */
	end(): void;
	/** The client sent its last message (half-close). */
	halfClose(): void;
	/** The call ended before the current message was complete, or before half-close. Release what `begin` gave. */
	abort(reason: CancelReason): void;
}

/** A method. `open` runs when the headers are complete: refuse here with `call.finish(...)` and return null. */
export interface MethodHandler {
	readonly kind: "unary" | "client-stream" | "server-stream" | "bidi";
	open(call: ServerCall): MessageSink | null;
}

/** Monotonic time, injected so that deadlines, keepalive and ages are testable. */
export interface GrpcClock {
	nowUs(): number;
}
