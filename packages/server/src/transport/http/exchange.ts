// One HTTP request and its answer, whoever parsed the one and writes the other: our own connection (`fast/`) or
// node:http. Everything above sees this and neither of them.
import type { Writable } from "node:stream";

export type AnswerHeaders = Readonly<Record<string, string | number>>;

/** Takes a body as it arrives. Exactly one of `end` and `lost` is the last call. */
export interface BodySink {
	/** The bytes are lent for the call when the body's length was announced, else they are given away. */
	data(bytes: Uint8Array): void;
	end(): void;
	/** The client left, or was cut off, before the body was whole. */
	lost(): void;
}

export interface Exchange {
	readonly method: string;
	/** As the request line has it: path and query. */
	readonly target: string;
	readonly httpVersion: string;
	readonly headerCount: number;
	/** By lower-case name; several values are joined, or the first one counts, as node:http has it. */
	header(name: string): string | undefined;
	headers(): Iterable<readonly [name: string, value: string]>;
	readonly peer: string;
	/** Whether the client waits to be told that it may send the body. */
	readonly awaitsContinue: boolean;
	tellContinue(): void;
	/** At most once, and before the call that got the exchange returns. */
	readBody(sink: BodySink): void;

	/** Whether the head of the answer was sent. */
	readonly isAnswered: boolean;
	/** The whole answer, to a request whose body is here. */
	answer(status: number, headers: AnswerHeaders, body: Uint8Array): void;
	/** The answer to a request whose body nobody wants any more: unless it is here already, the connection ends. */
	refuse(
		status: number,
		headers: AnswerHeaders,
		body: Uint8Array,
		lingerMs: number,
	): void;
	/** As `answer`: status 200 and a body of unknown length, to be written piece by piece. */
	startStream(headers: AnswerHeaders): Writable;

	/** Whether nobody is there any more to read what would be written. */
	readonly isGone: boolean;
	/** Bytes of the answer that the system has not taken yet. */
	readonly unwrittenByteCount: number;
	/** Calls once, when the system took the whole answer or the client is gone. */
	onceOver(listener: () => void): void;
	/** Cuts the connection. */
	destroy(): void;
}
