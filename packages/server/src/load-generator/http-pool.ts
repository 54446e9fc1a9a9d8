// Sockets of HTTP/1.1 under the open loop. Each carries one request at a time; a request waits here until one is free,
// and its wait counts, as it does for everybody who has only so many connections.
import type {
	ConnectionEvents,
	LoadConnection,
	LoadTarget,
	OpenCall,
} from "./connection.ts";
import { HttpLoadSocket, type SocketEvents } from "./http-socket.ts";

/** A request: `head` without the line that tells the deadline, and without the empty one. */
export interface HttpRequest {
	readonly head: string;
	readonly body: Uint8Array;
}

export class HttpLoadPool implements LoadConnection {
	readonly #target: LoadTarget;
	readonly #requestOf: (call: OpenCall) => HttpRequest;
	readonly #events: ConnectionEvents;
	readonly #idle: HttpLoadSocket[] = [];
	readonly #busy = new Map<OpenCall, HttpLoadSocket>();
	/** In the order of arrival; those that are done are skipped. */
	#queue: OpenCall[] = [];
	/** Sockets that may still be opened. */
	#unopened: number;
	#hasConnected = false;
	#isClosed = false;

	constructor(
		target: LoadTarget,
		socketCount: number,
		requestOf: (call: OpenCall) => HttpRequest,
		events: ConnectionEvents,
	) {
		this.#target = target;
		this.#unopened = socketCount;
		this.#requestOf = requestOf;
		this.#events = events;
	}

	submit(call: OpenCall): void {
		this.#queue.push(call);
	}

	abandon(call: OpenCall): void {
		call.state = "done";
		const socket = this.#busy.get(call);
		if (socket === undefined) return;
		// Its answer would be taken for that of the next request.
		this.#busy.delete(call);
		socket.destroy();
		this.#unopened++;
	}

	flush(): void {
		let at = 0;
		for (; at < this.#queue.length; at++) {
			const call = this.#queue[at]!;
			if (call.state !== "waiting") continue;
			const leftUs = call.deadlineUs - performance.now() * 1000;
			// No time is left: the client itself ends such a call, later.
			if (leftUs < 1) continue;
			const socket = this.#idle.pop() ?? this.#open();
			if (socket === null) break;
			call.state = "sent";
			this.#busy.set(call, socket);
			const { head, body } = this.#requestOf(call);
			socket.send(call, `${head}${this.#deadlineLine(leftUs)}\r\n`, body);
		}
		if (at > 0) this.#queue = this.#queue.slice(at);
	}

	destroy(): void {
		this.#isClosed = true;
		for (const socket of [...this.#idle, ...this.#busy.values()])
			socket.destroy();
	}

	#open(): HttpLoadSocket | null {
		if (this.#unopened === 0) return null;
		this.#unopened--;
		return new HttpLoadSocket(this.#target, this.#socketEvents);
	}

	readonly #socketEvents: SocketEvents = {
		connected: () => {
			this.#hasConnected = true;
		},
		answered: (socket, call, { kind, because, body, isReusable }) => {
			this.#busy.delete(call);
			call.state = "done";
			if (isReusable) this.#idle.push(socket);
			else {
				socket.destroy();
				this.#unopened++;
			}
			this.#events.answered(call, kind, because, body);
			this.flush();
		},
		lost: (socket, call, error) => {
			if (this.#isClosed) return;
			if (!this.#hasConnected) {
				this.#isClosed = true;
				this.#events.failed(error ?? new Error("the server closed"));
				return;
			}
			this.#unopened++;
			const at = this.#idle.indexOf(socket);
			if (at >= 0) this.#idle.splice(at, 1);
			if (call === null) return;
			this.#busy.delete(call);
			call.state = "done";
			this.#events.answered(call, "failed", "", Buffer.alloc(0));
		},
	};

	#deadlineLine(leftUs: number): string {
		return this.#target.tellsDeadline
			? `saccade-deadline-ms: ${(leftUs / 1000).toFixed(3)}\r\n`
			: "";
	}
}
