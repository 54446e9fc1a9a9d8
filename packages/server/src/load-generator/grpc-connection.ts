// Unary calls of the open-loop generator over one HTTP/2 connection. Calls wait here, not in the kernel, for what the
// server allows: streams, credit of the stream and of the connection. The deadline that a call carries is what is left
// of it when its head is written. An answer that comes before the body was sent ends the sending, as gRPC clients do it.
import { HEADER } from "@saccade/protocol";
import type {
	ConnectionEvents,
	LoadConnection,
	LoadTarget,
	OpenCall,
} from "./connection.ts";
import { callFields } from "./http2-frames.ts";
import { Http2Link, type StreamEnd } from "./http2-link.ts";
import type { AnswerKind } from "./outcome.ts";
import { readTrailers } from "./trailers.ts";

/** https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
const KIND_OF_STATUS: ReadonlyMap<number, AnswerKind> = new Map([
	[0, "ok"],
	[4, "expired"],
	[8, "shed"],
	[14, "shed"],
]);

export class GrpcLoadConnection implements LoadConnection {
	readonly #fields: Buffer;
	readonly #tellsDeadline: boolean;
	readonly #messages: readonly Uint8Array[];
	readonly #events: ConnectionEvents;
	readonly #link: Http2Link<OpenCall>;
	/** In the order of arrival; those that are done are skipped. */
	#queue: OpenCall[] = [];

	/** @param path of the method @param messages with their 5-byte prefix */
	constructor(
		target: LoadTarget,
		path: string,
		messages: readonly Uint8Array[],
		events: ConnectionEvents,
	) {
		this.#fields = callFields(`${target.host}:${target.port}`, path);
		this.#tellsDeadline = target.tellsDeadline;
		this.#messages = messages;
		this.#events = events;
		this.#link = new Http2Link(target, {
			writable: () => this.flush(),
			data: (call, payload) => call.parts.push(Buffer.from(payload)),
			ended: (call, end) => this.#finish(call, end),
			failed: (error) => events.failed(error),
		});
	}

	/** Sent by the next `flush`, or as soon as the server allows. */
	submit(call: OpenCall): void {
		this.#queue.push(call);
	}

	/** The client waits for it no longer. */
	abandon(call: OpenCall): void {
		const { state } = call;
		call.state = "done";
		if (state !== "waiting") this.#link.reset(call);
	}

	destroy(): void {
		this.#link.destroy();
	}

	flush(): void {
		if (!this.#link.isReady || this.#queue.length === 0) return;
		this.#link.together(() => {
			let kept = 0;
			let at = 0;
			for (; at < this.#queue.length && !this.#link.isFull; at++) {
				const call = this.#queue[at]!;
				this.#send(call);
				// Waits for credit or for a stream: later calls may have what it lacks.
				if (call.state === "waiting" || call.state === "sending")
					this.#queue[kept++] = call;
			}
			if (kept < at) this.#queue.splice(kept, at - kept);
		});
	}

	#send(call: OpenCall): void {
		if (call.state === "waiting" && this.#link.canOpen) this.#open(call);
		if (call.state !== "sending") return;
		const message = this.#messages[call.index]!;
		const rest = message.subarray(call.sentBytes);
		call.sentBytes += this.#link.send(call, rest, true);
		if (call.sentBytes === message.length) call.state = "sent";
	}

	#open(call: OpenCall): void {
		const leftUs = call.deadlineUs - performance.now() * 1000;
		// No time is left: the client itself ends such a call, later.
		if (leftUs < 1) return;
		call.state = "sending";
		this.#link.open(call, this.#fields, this.#tellsDeadline ? leftUs : null);
	}

	#finish(call: OpenCall, end: StreamEnd): void {
		if (call.state === "sending") this.#link.reset(call);
		call.state = "done";
		const { kind, because } = answerOf(end);
		const [first] = call.parts;
		const message =
			call.parts.length === 1 && first !== undefined
				? first
				: Buffer.concat(call.parts);
		this.#events.answered(call, kind, because, message);
	}
}

function answerOf(end: StreamEnd): { kind: AnswerKind; because: string } {
	if (end.kind === "cut") return { kind: "failed", because: "" };
	const field = readTrailers(end.block);
	const status = Number(field("grpc-status") ?? Number.NaN);
	return {
		kind: KIND_OF_STATUS.get(status) ?? "failed",
		because: field(HEADER.refusedBecause) ?? "",
	};
}
