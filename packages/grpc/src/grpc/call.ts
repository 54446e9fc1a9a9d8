// One RPC on one stream: body bytes become messages for the method's sink, replies become frames.
//
//   open ─▶ receiving ─▶ half-closed ─▶ finished        finish and reply are no-ops from `finished` on
//     └────────┴─── client reset, deadline, lost connection ───▶ finished (cancelled)

import {
	type CancelReason,
	type Encoding,
	type MessageSink,
	type MessageSource,
	type Metadata,
	type MethodHandler,
	type OutgoingMetadata,
	type ServerCall,
	Status,
} from "../api.ts";
import type { ByteBudget } from "../byte-budget.ts";
import type { H2Stream, LossReason, StreamConsumer } from "../http2/stream.ts";
import {
	OK_TRAILERS,
	RESPONSE_HEADERS,
	responseHeaders,
	trailers,
	trailersOnly,
} from "./blocks.ts";
import { acceptedEncoding, inflate, NO_ROOM } from "./compression.ts";
import type { DeadlineWheel, WheelEntry } from "./deadlines.ts";
import { Inflation } from "./inflation.ts";
import { MessageReader, type MessageReceiver } from "./message-reader.ts";
import { prefixed } from "./prefixed-source.ts";

export interface CallContext {
	readonly wheel: DeadlineWheel;
	readonly budget: ByteBudget;
	readonly maxMessageBytes: number;
	readonly maxInflateRatio: number;
	started(): void;
	finished(): void;
}

export class GrpcCall
	implements ServerCall, StreamConsumer, MessageReceiver, WheelEntry
{
	readonly path: string;
	readonly metadata: Metadata;
	readonly deadlineUs: number;
	readonly peer: string;
	cancelled = false;
	onCancel: ((reason: CancelReason) => void) | null = null;
	onDrain: (() => void) | null = null;
	trailers: OutgoingMetadata = NO_METADATA;
	user: unknown = null;
	wheelNext: WheelEntry | null = null;
	wheelPrevious: WheelEntry | null = null;
	wheelSlot = -1;
	readonly #stream: H2Stream;
	readonly #context: CallContext;
	readonly #unary: boolean;
	readonly #encoding: Encoding;
	readonly #reader: MessageReader;
	/** A compressed message on its way through zlib. */
	#inflation: Inflation | null = null;
	/** Where a compressed message lands before that. */
	#deflated: Uint8Array | null = null;
	#sink: MessageSink | null = null;
	/** What answers are compressed with, once the handler asked. */
	#answerEncoding: Encoding = "identity";
	/** Of messages that landed; what waits for an inflation counts there. */
	#keptBytes = 0;
	#messageCount = 0;
	#headersSent = false;
	#halfClosed = false;
	#paused = false;
	#finished = false;

	constructor(
		stream: H2Stream,
		context: CallContext,
		request: {
			readonly path: string;
			readonly metadata: Metadata;
			readonly deadlineUs: number;
			readonly peer: string;
			readonly encoding: Encoding;
			readonly kind: MethodHandler["kind"];
		},
	) {
		this.path = request.path;
		this.metadata = request.metadata;
		this.deadlineUs = request.deadlineUs;
		this.peer = request.peer;
		this.#encoding = request.encoding;
		this.#unary = request.kind === "unary" || request.kind === "server-stream";
		this.#stream = stream;
		this.#context = context;
		this.#reader = new MessageReader(this, context.maxMessageBytes);
	}

	/** Hands the call to its method. */
	start(handler: MethodHandler): void {
		this.#context.started();
		if (this.deadlineUs !== Number.POSITIVE_INFINITY)
			this.#context.wheel.add(this);
		try {
			this.#sink = handler.open(this);
		} catch {
			this.#handlerFailed();
		}
	}

	/** The rest of a message, or the one that a unary method needs. */
	get owesInput(): boolean {
		if (this.#finished) return false;
		const isAwaited = this.#unary && this.#messageCount === 0;
		return isAwaited || !this.#reader.isAtBoundary;
	}

	// ── what the handler calls ───────────────────────────────────────────────────────────────────────────

	sendMetadata(metadata: OutgoingMetadata): void {
		if (this.#finished || this.#headersSent) return;
		const block = responseHeaders(metadata, this.#answerEncoding);
		this.#headersSent = true;
		this.#stream.sendHeaders(block, false);
	}

	enableCompression(): Encoding {
		if (!this.#headersSent)
			this.#answerEncoding = acceptedEncoding(
				this.metadata.get("grpc-accept-encoding"),
			);
		return this.#answerEncoding;
	}

	send(message: MessageSource): boolean {
		return this.#finished || this.#sendMessage(message);
	}

	reply(message: MessageSource): void {
		if (this.#finished) return;
		this.#sendMessage(message);
		// It may have been more than the connection bears.
		if (this.#finished) return;
		const isPlain = this.trailers.length === 0;
		this.#stream.sendTrailers(
			isPlain ? OK_TRAILERS : trailers(Status.OK, "", this.trailers),
		);
		this.#end();
	}

	finish(
		status: Status,
		message = "",
		more: OutgoingMetadata = NO_METADATA,
	): void {
		if (this.#finished) return;
		const metadata =
			this.trailers.length === 0 ? more : [...this.trailers, ...more];
		if (this.#headersSent)
			this.#stream.sendTrailers(trailers(status, message, metadata));
		else
			this.#stream.sendHeaders(trailersOnly(status, message, metadata), true);
		this.#end();
	}

	pause(): void {
		this.#paused = true;
		this.#stream.pauseCredit();
	}

	resume(): void {
		this.#paused = false;
		if (this.#inflation === null) this.#stream.resumeCredit();
	}

	// ── what the stream calls ────────────────────────────────────────────────────────────────────────────

	data(bytes: Uint8Array, start: number, end: number): void {
		if (this.#sink === null || this.#finished) return;
		try {
			const at =
				this.#inflation === null ? this.#reader.read(bytes, start, end) : start;
			if (at < end) this.#holdBack(bytes, at, end);
		} catch {
			this.#handlerFailed();
		}
	}

	end(): void {
		if (this.#inflation !== null) {
			this.#inflation.holdEnd();
			return;
		}
		try {
			this.#streamEnd();
		} catch {
			this.#handlerFailed();
		}
	}

	lost(reason: LossReason): void {
		if (this.#finished) return;
		this.#cancel(LOSS_TO_CANCEL[reason]);
	}

	writable(): void {
		if (this.#finished) return;
		try {
			this.onDrain?.();
		} catch {
			this.#handlerFailed();
		}
	}

	/** The wheel: the deadline passed. */
	expire(): void {
		if (this.#finished) return;
		const stream = this.#stream;
		const block = this.#headersSent
			? trailers(Status.DEADLINE_EXCEEDED, "the deadline passed", [])
			: trailersOnly(Status.DEADLINE_EXCEEDED, "the deadline passed", []);
		this.#cancel("deadline");
		if (this.#headersSent) stream.sendTrailers(block);
		else stream.sendHeaders(block, true);
	}

	// ── what the reader calls ────────────────────────────────────────────────────────────────────────────

	messageBegin(
		byteLength: number,
		first: Uint8Array,
		compressed: boolean,
	): Uint8Array | null {
		if (this.#unary && this.#messageCount > 0) {
			this.violation(
				Status.UNIMPLEMENTED,
				"more than one message on a method that takes one",
			);
			return null;
		}
		this.#messageCount++;
		if (!compressed) {
			const target = this.#sink?.begin(byteLength, first) ?? null;
			if (target !== null && first.byteLength < byteLength) this.#stream.want();
			return target;
		}
		if (this.#encoding === "identity") {
			this.violation(
				Status.INTERNAL,
				"a compressed message without grpc-encoding",
			);
			return null;
		}
		// What it is shows when it is inflated.
		this.#stream.want();
		this.#deflated = new Uint8Array(byteLength);
		return this.#deflated;
	}

	messageEnd(): void {
		const deflated = this.#deflated;
		this.#deflated = null;
		if (deflated === null) this.#sink?.end();
		else this.#inflate(deflated);
	}

	violation(status: Status, text: string): void {
		this.finish(status, text);
	}

	messageAhead(): void {
		if (this.#keptBytes > 0 && !this.#paused) this.#release(this.#keptBytes);
	}

	keep(byteLength: number): boolean {
		if (this.#context.budget.take(byteLength)) {
			this.#keptBytes += byteLength;
			return true;
		}
		this.violation(NO_ROOM.status, NO_ROOM.text);
		return false;
	}

	land(byteLength: number): boolean {
		if (!this.keep(byteLength)) return false;
		// A compressed message is not known to the handler yet.
		return (
			this.#deflated !== null || this.#sink?.arriving?.(byteLength) !== false
		);
	}

	#release(byteLength: number): void {
		this.#keptBytes -= byteLength;
		this.#context.budget.release(byteLength);
	}

	// ── compressed messages ──────────────────────────────────────────────────────────────────────────────

	#inflate(deflated: Uint8Array): void {
		const inflation = new Inflation();
		this.#inflation = inflation;
		this.#reader.hold();
		this.#stream.pauseCredit();
		const { maxMessageBytes, maxInflateRatio } = this.#context;
		inflation.stop = inflate(
			this.#encoding,
			deflated,
			{
				maxBytes: maxMessageBytes,
				maxRatio: maxInflateRatio,
				keep: (byteLength) => this.keep(byteLength),
			},
			{
				done: (message) => {
					this.#inflation = null;
					this.#release(deflated.byteLength);
					if (!this.#paused) this.#stream.resumeCredit();
					this.#deliver(message);
					inflation.replay(this);
				},
				failed: ({ status, text }) => this.violation(status, text),
			},
		);
	}

	#holdBack(bytes: Uint8Array, start: number, end: number): void {
		const { budget } = this.#context;
		if (budget.take(end - start)) this.#inflation?.hold(bytes, start, end);
		else this.violation(NO_ROOM.status, NO_ROOM.text);
	}

	/** What waited for an inflation, again. */
	replayed(bytes: Uint8Array): void {
		this.#context.budget.release(bytes.byteLength);
		this.data(bytes, 0, bytes.byteLength);
	}

	#deliver(message: Uint8Array): void {
		try {
			const target = this.#sink?.begin(message.byteLength, message) ?? null;
			if (target === null) return;
			if (target !== message) target.set(message);
			this.#sink?.end();
		} catch {
			this.#handlerFailed();
		}
	}

	#streamEnd(): void {
		if (this.#finished || this.#sink === null) return;
		if (!this.#reader.isAtBoundary) {
			this.violation(Status.INTERNAL, "the request ended inside a message");
			return;
		}
		if (this.#unary && this.#messageCount === 0) {
			this.violation(Status.INTERNAL, "the request has no message");
			return;
		}
		this.#halfClosed = true;
		this.#sink.halfClose();
	}

	#sendMessage(message: MessageSource): boolean {
		if (message.compressed === true && this.#answerEncoding === "identity")
			throw new TypeError("compressed without enableCompression()");
		this.#sendHeadersOnce();
		return this.#stream.sendData(prefixed.of(message));
	}

	#sendHeadersOnce(): void {
		if (this.#headersSent) return;
		if (this.#answerEncoding !== "identity") {
			this.sendMetadata([]);
			return;
		}
		this.#headersSent = true;
		this.#stream.sendHeaders(RESPONSE_HEADERS, false);
	}

	/** A handler threw: its own call ends, others do not notice, and the text stays here. */
	#handlerFailed(): void {
		// They may be what failed.
		this.trailers = NO_METADATA;
		this.finish(Status.INTERNAL, "internal error");
	}

	/** Our answer is out, or nobody waits for one. */
	#end(): void {
		this.#finished = true;
		this.#context.wheel.remove(this);
		const unfinished = this.#reader.isInMessage && this.#deflated === null;
		this.#stopReading();
		// The handler ended the call itself; bytes it still expected will not come.
		if (unfinished) attempt(() => this.#sink?.abort("shutdown"));
		this.#context.finished();
	}

	#stopReading(): void {
		this.#reader.stop();
		if (this.#inflation !== null) {
			this.#inflation.stop();
			this.#context.budget.release(this.#inflation.heldBytes);
			this.#inflation = null;
		}
		if (this.#keptBytes > 0) this.#release(this.#keptBytes);
	}

	#cancel(reason: CancelReason): void {
		this.#finished = true;
		this.cancelled = true;
		this.#context.wheel.remove(this);
		this.#stopReading();
		const sink = this.#sink;
		this.#sink = null;
		this.#context.finished();
		// What these throw has nobody to go to: the call is over, and others must not notice.
		attempt(() => {
			if (!this.#halfClosed) sink?.abort(reason);
		});
		attempt(() => this.onCancel?.(reason));
		// Whoever waits to send more learns that it may not.
		attempt(() => this.onDrain?.());
	}
}

const NO_METADATA: OutgoingMetadata = [];

function attempt(run: () => void): void {
	try {
		run();
	} catch {}
}

const LOSS_TO_CANCEL: Readonly<Record<LossReason, CancelReason>> = {
	"peer-reset": "client",
	"peer-fault": "client",
	connection: "connection",
	shutdown: "shutdown",
};
