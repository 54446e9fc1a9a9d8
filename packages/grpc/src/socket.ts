// Two ways to read a socket: by `data` events, the public one, and through one reused buffer where that can be had.
import { createServer, type Server, type Socket } from "node:net";
import type { SocketControl } from "./http2/socket-control.ts";
import {
	type AcceptedSocket,
	type Takeover,
	takeOver,
} from "./reused-buffer.ts";

/** What to do with an accepted socket. `bytes` are valid only during `read`. */
export interface SocketUser {
	read(bytes: Uint8Array, start: number, end: number): void;
	drained(): void;
	closed(): void;
}

export type Attach = (control: SocketControl) => SocketUser;

/** Reads by `data` events: any socket, TLS too. */
export function attachByEvents(socket: Socket, attach: Attach): void {
	const user = attach({
		socket,
		pauseReading: () => socket.pause(),
		resumeReading: () => socket.resume(),
	});
	socket.on("data", (bytes: Buffer) => user.read(bytes, 0, bytes.length));
	watch(socket, user);
}

function attachAccepted(accepted: AcceptedSocket, attach: Attach): void {
	const { socket } = accepted;
	const user = attach(accepted);
	socket.on("end", () => socket.end());
	watch(socket, user);
	accepted.start((bytes, start, end) => user.read(bytes, start, end));
}

function watch(socket: Socket, user: SocketUser): void {
	socket.on("drain", () => user.drained());
	// A reset is an end like any other; `close` follows.
	socket.on("error", () => {});
	socket.on("close", () => user.closed());
}

export type ReadMode = "reused-buffer" | "events";

export interface Listener {
	readonly server: Server;
	/** How accepted sockets are read. Known once the server listens. */
	readMode(): ReadMode;
}

/** A TCP or pipe listener that reads accepted sockets through one reused buffer where that can be had. */
export function createListener(
	attach: Attach,
	reuseReadBuffer: boolean,
): Listener {
	const server = createServer({ noDelay: true }, (socket) =>
		attachByEvents(socket, attach),
	);
	let takeover: Takeover = { isActive: false };
	if (reuseReadBuffer)
		server.on("listening", () => {
			takeover = takeOver(server, {}, (accepted) =>
				attachAccepted(accepted, attach),
			);
		});
	return {
		server,
		readMode: () => (takeover.isActive ? "reused-buffer" : "events"),
	};
}
