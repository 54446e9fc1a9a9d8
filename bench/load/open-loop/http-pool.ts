// The open-loop generator's connections to an HTTP/1.1 server: one request at a time on each, as many as are needed,
// opened when none is free, kept while the window lasts. A client that gives up closes its connection.
import { connect, type Socket } from "node:net";
import { type HttpAnswer, HttpAnswerReader } from "../http-answer.ts";
import type { CallEvents, CallSender, OpenCall } from "./call.ts";

/** Far more than a server answers within a deadline; calls beyond them wait in the client. */
const MAX_CONNECTIONS = 4000;
const READ_BYTES = 16 * 1024;

/** What the same refusals are in gRPC (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md). */
const GRPC_STATUS: Readonly<Record<number, number>> = {
	200: 0,
	408: 4,
	429: 8,
	503: 14,
	504: 4,
};
const INTERNAL = 13;

export class HttpPool implements CallSender {
	readonly #address: { readonly host: string; readonly port: number };
	readonly #requests: readonly Uint8Array[];
	readonly #decode: (content: Uint8Array) => Uint8Array;
	readonly #events: CallEvents;
	readonly #free: HttpConnection[] = [];
	readonly #busy = new Map<OpenCall, HttpConnection>();
	/** In the order of arrival; those that are done are skipped. */
	#queue: OpenCall[] = [];

	constructor(
		address: { readonly host: string; readonly port: number },
		requests: readonly Uint8Array[],
		decode: (content: Uint8Array) => Uint8Array,
		events: CallEvents,
	) {
		this.#address = address;
		this.#requests = requests;
		this.#decode = decode;
		this.#events = events;
	}

	submit(call: OpenCall): void {
		this.#queue.push(call);
	}

	abandon(call: OpenCall): void {
		call.state = "done";
		this.#busy.get(call)?.destroy();
		this.#busy.delete(call);
	}

	flush(): void {
		let at = 0;
		for (; at < this.#queue.length; at++) {
			const call = this.#queue[at]!;
			if (call.state !== "waiting") continue;
			if (this.#free.length === 0 && this.#busy.size >= MAX_CONNECTIONS) break;
			this.#send(call);
		}
		this.#queue.splice(0, at);
	}

	destroy(): void {
		for (const connection of [...this.#free, ...this.#busy.values()])
			connection.destroy();
		this.#busy.clear();
	}

	#send(call: OpenCall): void {
		const connection = this.#free.pop() ?? this.#open();
		call.state = "sent";
		this.#busy.set(call, connection);
		connection.send(this.#requests[call.index]!, (answer) => {
			if (this.#busy.get(call) !== connection) return;
			this.#busy.delete(call);
			call.state = "done";
			if (answer === null) {
				this.#events.answered(call, null, "", Buffer.alloc(0));
				return;
			}
			if (answer.isLast) connection.destroy();
			else this.#free.push(connection);
			const status = GRPC_STATUS[answer.status] ?? INTERNAL;
			const tensor = status === 0 ? this.#decode(answer.content) : [];
			this.#events.answered(call, status, "", Buffer.from(tensor));
		});
	}

	#open(): HttpConnection {
		const connection: HttpConnection = new HttpConnection(this.#address, () => {
			const at = this.#free.indexOf(connection);
			if (at >= 0) this.#free.splice(at, 1);
		});
		return connection;
	}
}

type OnAnswer = (answer: HttpAnswer | null) => void;

class HttpConnection {
	readonly #socket: Socket;
	readonly #reader = new HttpAnswerReader();
	#answered: OnAnswer | null = null;

	/** @param closed also when the server did it */
	constructor(
		address: { readonly host: string; readonly port: number },
		closed: () => void,
	) {
		this.#socket = connect({
			...address,
			noDelay: true,
			onread: {
				buffer: Buffer.allocUnsafeSlow(READ_BYTES),
				callback: (length, buffer) => {
					this.#read(Buffer.from(buffer.buffer, buffer.byteOffset, length));
					return true;
				},
			},
		});
		// `close` follows and says it all.
		this.#socket.on("error", () => {});
		this.#socket.on("close", () => {
			closed();
			this.#end(null);
		});
	}

	/** @param answered with null when the connection ends before the answer */
	send(request: Uint8Array, answered: OnAnswer): void {
		this.#answered = answered;
		this.#socket.write(request);
	}

	destroy(): void {
		this.#answered = null;
		this.#socket.destroy();
	}

	#read(chunk: Buffer): void {
		const answer = this.#reader.read(chunk);
		if (answer !== null) this.#end(answer);
	}

	#end(answer: HttpAnswer | null): void {
		const answered = this.#answered;
		this.#answered = null;
		answered?.(answer);
	}
}
