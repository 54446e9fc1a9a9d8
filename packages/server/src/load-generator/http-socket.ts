// One connection of HTTP/1.1: sends a request, reads its answer (RFC 9112, 6: by length or in chunks), then the next.
import { connect, type Socket } from "node:net";
import { HEADER } from "@saccade/protocol";
import type { OpenCall } from "./connection.ts";
import type { AnswerKind } from "./outcome.ts";

interface HttpReply {
	readonly kind: AnswerKind;
	readonly because: string;
	readonly body: Buffer;
	/** The next request may go the same way. */
	readonly isReusable: boolean;
}

export interface SocketEvents {
	connected(): void;
	answered(socket: HttpLoadSocket, call: OpenCall, reply: HttpReply): void;
	/** It is gone. @param call that was under way */
	lost(
		socket: HttpLoadSocket,
		call: OpenCall | null,
		error: Error | null,
	): void;
}

const READ_BUFFER_BYTES = 64 * 1024;
const HEAD_END = "\r\n\r\n";

export class HttpLoadSocket {
	readonly #socket: Socket;
	readonly #events: SocketEvents;
	#call: OpenCall | null = null;
	/** What came of the answer so far. */
	#parts: Buffer[] = [];
	#receivedBytes = 0;
	/** Bytes that the answer has, once its head tells; NaN: chunks, or not known yet. */
	#neededBytes = Number.NaN;
	#error: Error | null = null;
	#isDestroyed = false;

	constructor(
		{ host, port }: { readonly host: string; readonly port: number },
		events: SocketEvents,
	) {
		this.#events = events;
		this.#socket = connect({
			host,
			port,
			noDelay: true,
			onread: {
				buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
				callback: (length, buffer) => {
					this.#read(Buffer.from(buffer.subarray(0, length)));
					return true;
				},
			},
		});
		this.#socket.on("connect", () => events.connected());
		this.#socket.on("error", (error) => {
			this.#error = error;
		});
		this.#socket.on("close", () => {
			if (this.#isDestroyed) return;
			const call = this.#call;
			this.#call = null;
			events.lost(this, call, this.#error);
		});
	}

	send(call: OpenCall, head: string, body: Uint8Array): void {
		this.#call = call;
		this.#parts = [];
		this.#receivedBytes = 0;
		this.#neededBytes = Number.NaN;
		this.#socket.cork();
		this.#socket.write(head, "latin1");
		this.#socket.write(body);
		this.#socket.uncork();
	}

	destroy(): void {
		this.#isDestroyed = true;
		this.#socket.destroy();
	}

	#read(chunk: Buffer): void {
		if (this.#call === null) return;
		this.#parts.push(chunk);
		this.#receivedBytes += chunk.length;
		if (this.#receivedBytes < this.#neededBytes) return;
		const bytes = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts);
		const answer = parseAnswer(bytes);
		if (typeof answer === "number") {
			this.#parts = [bytes];
			this.#neededBytes = answer;
			return;
		}
		const call = this.#call;
		this.#call = null;
		// An answer that came before the whole request had left ends the connection.
		const isSent = this.#socket.writableLength === 0;
		const isReusable = isSent && answer.isReusable;
		this.#events.answered(this, call, { ...answer, isReusable });
	}
}

/** The answer; or, when it is not there yet, the bytes that it takes (NaN: not known). */
function parseAnswer(bytes: Buffer): HttpReply | number {
	const headEnd = bytes.indexOf(HEAD_END);
	if (headEnd < 0) return Number.NaN;
	const head = bytes.toString("latin1", 0, headEnd);
	const bodyAt = headEnd + HEAD_END.length;
	const field = (name: string) =>
		new RegExp(`\\r\\n${name}: *([^\\r]*)`, "i").exec(head)?.[1] ?? null;
	let body: Buffer | null;
	if (field("transfer-encoding") === "chunked") {
		body = joinChunks(bytes, bodyAt);
		if (body === null) return Number.NaN;
	} else {
		const needed = bodyAt + Number(field("content-length") ?? 0);
		if (bytes.length < needed) return needed;
		body = bytes.subarray(bodyAt, needed);
	}
	return {
		kind: kindOfStatus(Number(head.slice(9, 12))),
		because: field(HEADER.refusedBecause) ?? "",
		body,
		isReusable: field("connection")?.toLowerCase() !== "close",
	};
}

/** Null while the last chunk is missing. */
function joinChunks(bytes: Buffer, start: number): Buffer | null {
	const chunks: Buffer[] = [];
	for (let at = start; ; ) {
		const lineEnd = bytes.indexOf("\r\n", at);
		if (lineEnd < 0) return null;
		const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
		const from = lineEnd + 2;
		if (bytes.length < from + size + 2) return null;
		if (!(size > 0)) return Buffer.concat(chunks);
		chunks.push(bytes.subarray(from, from + size));
		at = from + size + 2;
	}
}

function kindOfStatus(status: number): AnswerKind {
	if (status === 200) return "ok";
	if (status === 504) return "expired";
	return status === 503 || status === 429 ? "shed" : "failed";
}
