// A connection of HTTP/1.1 (RFC 9112) that we read ourselves, one request at a time: what a client sends ahead is
// held until its turn comes. A request that is not for this parser takes the connection to node:http, for good, and
// with every byte of that request unread.
//
//            ┌───────────────── answered, and its body read ─────────────────┐
//            ▼                                                               │
//   idle ──first byte──▶ head ──whole, and ours──▶ request ──────────────────┤
//                         │                                                  └──▶ ended ──▶ over
//                         └──anything else──▶ over (node:http has the socket)
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { clientErrorAnswer } from "../client-error.ts";
import type { AnswerHeaders, Exchange } from "../exchange.ts";
import type { HttpLimits } from "../limits.ts";
import type { SocketControl, SocketUser } from "./accept.ts";
import { answerHead } from "./answer-head.ts";
import { ChunkedBody } from "./chunked-body.ts";
import { type ExchangeOwner, FastExchange } from "./exchange.ts";
import { type Head, parseHead } from "./head.ts";
import { HeadScanner, MORE } from "./head-scanner.ts";
import type { Output } from "./output.ts";

export interface ConnectionHost {
	readonly limits: HttpLimits;
	readonly output: Output;
	/** No connection is kept beyond the request it has. */
	readonly isDraining: boolean;
	nowUs(): number;
	handle(exchange: Exchange): void;
	/** node:http goes on with the connection. */
	adopt(socket: Socket, unread: Uint8Array): void;
	gone(connection: Connection): void;
}

type Phase = "idle" | "head" | "request" | "ended" | "over";

const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
/** A client that sends more ahead than this is not read on until it has its answer. */
const MAX_HELD_BYTES = 64 * 1024;
/** Heads up to this size are recognised when they come again. */
const MAX_REMEMBERED_BYTES = 1024;
const NOTHING = Buffer.alloc(0);

export class Connection implements ExchangeOwner, SocketUser {
	readonly #control: SocketControl;
	readonly #socket: Socket;
	readonly #host: ConnectionHost;
	readonly #scanner = new HeadScanner();
	#phase: Phase = "idle";
	/** When the phase began; that of a request, when its head did. */
	#sinceUs: number;
	#isFresh = true;
	/** What is here of a head that is not whole, and scanned. */
	#partial: Buffer | null = null;
	/** The last head and its bytes: clients send the same one again and again. */
	#known: { readonly bytes: Buffer; readonly head: Head } | null = null;

	#exchange: FastExchange | null = null;
	/** Of the body, still to come. */
	#leftBytes = 0;
	/** Of what is being read, behind the head that is being handled. */
	#hereBytes = 0;
	#keepsAlive = true;
	/** The answer is with the socket, but not all of it with the system. */
	#isFlushing = false;
	#stream: ChunkedBody | null = null;
	/** Who was refused, and goes on sending, is cut then. */
	#cutUs = Number.POSITIVE_INFINITY;

	#isReading = false;
	/** Read while a request was under way. */
	#held: Buffer | null = null;

	constructor(control: SocketControl, host: ConnectionHost) {
		this.#control = control;
		this.#socket = control.socket;
		this.#host = host;
		this.#sinceUs = host.nowUs();
	}

	get peer(): string {
		return this.#socket.remoteAddress ?? "";
	}

	// ── bytes in ─────────────────────────────────────────────────────────────────────────────────────────

	/** `bytes` are valid during the call only. */
	read(bytes: Buffer, start: number, end: number): void {
		const partial = this.#partial;
		this.#partial = null;
		if (partial === null) {
			this.#consume(bytes, start, end, 0);
			return;
		}
		const all = Buffer.concat([partial, bytes.subarray(start, end)]);
		this.#consume(all, 0, all.byteLength, partial.byteLength);
	}

	/** @param scannedBytes of a head, at `start` */
	#consume(
		bytes: Buffer,
		start: number,
		end: number,
		scannedBytes: number,
	): void {
		this.#isReading = true;
		let at = start;
		while (at < end) {
			if (this.#phase === "idle") this.#enter("head");
			if (this.#phase === "head")
				at = this.#readHead(bytes, at, end, at === start ? scannedBytes : 0);
			else if (this.#phase === "request" && this.#leftBytes > 0)
				at = this.#readBody(bytes, at, end);
			else {
				if (this.#phase === "request") this.#hold(bytes, at, end);
				break;
			}
		}
		this.#isReading = false;
	}

	/** Returns where it came to. */
	#readHead(bytes: Buffer, at: number, end: number, scanned: number): number {
		const known = this.#known;
		if (known !== null && scanned === 0 && startsWith(bytes, at, end, known)) {
			const headEnd = at + known.bytes.byteLength;
			this.#open(known.head, end - headEnd);
			return headEnd;
		}
		const headEnd = this.#scanner.scan(bytes, at + scanned, end);
		const { maxHeaderBytes } = this.#host.limits;
		if (headEnd === MORE && end - at <= maxHeaderBytes) {
			this.#partial = Buffer.from(bytes.subarray(at, end));
			return end;
		}
		this.#scanner.reset();
		const isOurs = headEnd > 0 && headEnd - at <= maxHeaderBytes;
		const head = isOurs ? parseHead(bytes, at, headEnd) : null;
		if (head === null) {
			this.#leave(bytes, at, end);
			return end;
		}
		this.#remember(bytes, at, headEnd, head);
		this.#open(head, end - headEnd);
		return headEnd;
	}

	#remember(bytes: Buffer, at: number, headEnd: number, head: Head): void {
		const isSmall = headEnd - at <= MAX_REMEMBERED_BYTES;
		this.#known = isSmall
			? { bytes: Buffer.from(bytes.subarray(at, headEnd)), head }
			: null;
	}

	/** @param hereBytes what was read behind the head */
	#open(head: Head, hereBytes: number): void {
		this.#phase = "request";
		this.#isFresh = false;
		this.#leftBytes = head.bodyBytes;
		this.#hereBytes = hereBytes;
		this.#keepsAlive = head.keepsAlive;
		const exchange = new FastExchange(head, this);
		this.#exchange = exchange;
		this.#host.handle(exchange);
		this.#hereBytes = 0;
		// Its answer may be out, and the connection with it.
		if (this.#exchange === exchange && this.#leftBytes === 0) this.#bodyRead();
	}

	#readBody(bytes: Buffer, at: number, end: number): number {
		const taken = Math.min(this.#leftBytes, end - at);
		this.#leftBytes -= taken;
		this.#exchange?.data(bytes.subarray(at, at + taken));
		if (this.#leftBytes === 0) this.#bodyRead();
		return at + taken;
	}

	#bodyRead(): void {
		this.#exchange?.end();
		this.#settle();
	}

	#hold(bytes: Buffer, start: number, end: number): void {
		const piece = bytes.subarray(start, end);
		this.#held = Buffer.concat(
			this.#held === null ? [piece] : [this.#held, piece],
		);
		if (this.#held.byteLength >= MAX_HELD_BYTES) this.#control.pauseReading();
	}

	#leave(bytes: Buffer, start: number, end: number): void {
		this.#phase = "over";
		this.#control.release();
		this.#host.gone(this);
		const unread = Buffer.from(bytes.subarray(start, end));
		this.#host.adopt(this.#socket, unread);
	}

	// ── bytes out ────────────────────────────────────────────────────────────────────────────────────────

	get unwrittenByteCount(): number {
		return this.#socket.writableLength;
	}

	tellContinue(): void {
		this.#socket.write(CONTINUE, "latin1");
	}

	send(status: number, headers: AnswerHeaders, body: Uint8Array): void {
		const head = this.#answerHead(status, headers, body.byteLength);
		this.#host.output.write(this.#socket, head, body);
		if (this.#socket.writableLength > 0) {
			this.#isFlushing = true;
			this.#socket.write(NOTHING, this.#flushed);
		}
		this.#settle();
	}

	sendRefusal(
		status: number,
		headers: AnswerHeaders,
		body: Uint8Array,
		lingerMs: number,
	): void {
		if (this.#leftBytes > this.#hereBytes) {
			this.#keepsAlive = false;
			this.#cutUs = this.#host.nowUs() + 1000 * lingerMs;
			// A client that waits to be told to go on sends nothing any more.
			if (this.#exchange?.awaitsContinue === true) this.#leftBytes = 0;
		}
		this.send(status, headers, body);
	}

	startStream(headers: AnswerHeaders): Writable {
		const stream = new ChunkedBody(this.#socket);
		this.#stream = stream;
		this.#isFlushing = true;
		stream.once("finish", this.#flushed);
		stream.once("error", () => this.destroy());
		this.#socket.write(this.#answerHead(200, headers, null), "latin1");
		return stream;
	}

	#answerHead(
		status: number,
		headers: AnswerHeaders,
		bodyBytes: number | null,
	): string {
		const { isDraining, limits } = this.#host;
		if (isDraining) this.#keepsAlive = false;
		return answerHead(status, headers, bodyBytes, {
			keepsAlive: this.#keepsAlive,
			keepAliveTimeoutMs: limits.keepAliveTimeoutMs,
		});
	}

	readonly #flushed = (): void => {
		this.#isFlushing = false;
		this.#settle();
	};

	/** The request is over when its answer is out and its body was read. */
	#settle(): void {
		const exchange = this.#exchange;
		const isOver =
			exchange?.isAnswered === true &&
			!this.#isFlushing &&
			this.#leftBytes === 0;
		if (!isOver) return;
		this.#exchange = null;
		this.#stream = null;
		this.#cutUs = Number.POSITIVE_INFINITY;
		if (this.#keepsAlive) this.#enter("idle");
		else this.#end();
		exchange.over();
		if (!this.#isReading && this.#phase === "idle") this.#readHeld();
	}

	#readHeld(): void {
		const held = this.#held;
		if (held === null) return;
		this.#held = null;
		this.#control.resumeReading();
		this.#consume(held, 0, held.byteLength, 0);
	}

	// ── life ─────────────────────────────────────────────────────────────────────────────────────────────

	#enter(phase: "idle" | "head"): void {
		this.#phase = phase;
		this.#sinceUs = this.#host.nowUs();
	}

	/** Nothing more is answered. The socket goes when what was written is out. */
	#end(): void {
		this.#phase = "ended";
		this.#held = null;
		this.#socket.destroySoon();
	}

	/** Tells what is wrong, and drops what still comes until the client ends too: a reset would take the answer back. */
	#fail(code: string): void {
		const { limits, nowUs } = this.#host;
		this.#loseExchange();
		this.#phase = "ended";
		this.#partial = null;
		this.#cutUs = nowUs() + 1000 * limits.lingerMs;
		this.#socket.end(clientErrorAnswer(code));
	}

	/** Called now and then: ends what takes too long. */
	checkTimeouts(nowUs: number): void {
		const { limits } = this.#host;
		const waitedMs = (nowUs - this.#sinceUs) / 1000;
		if (nowUs >= this.#cutUs) this.destroy();
		else if (this.#phase === "idle" && !this.#isFresh) {
			if (waitedMs > limits.keepAliveTimeoutMs) this.destroy();
		} else if (this.#phase === "idle" || this.#phase === "head") {
			if (waitedMs > limits.headTimeoutMs) this.#fail(TIMEOUT);
		} else if (this.#phase === "request" && this.#leftBytes > 0) {
			const isAnswered = this.#exchange?.isAnswered === true;
			if (!isAnswered && waitedMs > limits.requestTimeoutMs)
				this.#fail(TIMEOUT);
		}
	}

	/** Ends what is idle; a request under way is the last one. */
	drain(): void {
		if (this.#phase === "idle") this.#end();
	}

	destroy(): void {
		this.#socket.destroy();
	}

	/** The client sends nothing more. */
	ended(): void {
		const isCutShort =
			this.#phase === "head" ||
			(this.#phase === "request" &&
				this.#leftBytes > 0 &&
				this.#exchange?.isAnswered !== true);
		if (isCutShort) this.#fail(CUT_SHORT);
		// As with node:http, who leaves before the answer does not want it.
		else this.#socket.destroySoon();
	}

	/** The socket is gone. */
	closed(): void {
		this.#phase = "over";
		this.#loseExchange();
		this.#host.gone(this);
	}

	#loseExchange(): void {
		const exchange = this.#exchange;
		this.#exchange = null;
		this.#held = null;
		this.#stream?.destroy();
		this.#stream = null;
		exchange?.lost();
	}
}

const TIMEOUT = "ERR_HTTP_REQUEST_TIMEOUT";
const CUT_SHORT = "HPE_INVALID_EOF_STATE";

function startsWith(
	bytes: Buffer,
	at: number,
	end: number,
	known: { readonly bytes: Buffer },
): boolean {
	const { byteLength } = known.bytes;
	return (
		end - at >= byteLength &&
		known.bytes.compare(bytes, at, at + byteLength) === 0
	);
}
