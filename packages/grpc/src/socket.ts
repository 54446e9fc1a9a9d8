// Two ways to read a socket. `data` events are the public one: each read allocates a fresh 64 KiB buffer, which
// drives the garbage collector. The other gives every accepted socket one shared buffer (`onread` of net.Socket,
// public for clients only), by taking over the listener's connection callback; it is used where it is found to
// work, and costs a fifth of the CPU at large bodies (bench/wire).
import { createServer, type Server, Socket } from "node:net";
import type { SocketControl } from "./http2/socket-control.ts";

const READ_BUFFER_BYTES = 256 * 1024;

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

function watch(socket: Socket, user: SocketUser): void {
	socket.on("drain", () => user.drained());
	// A reset is an end like any other; `close` follows.
	socket.on("error", () => {});
	socket.on("close", () => user.closed());
}

/** The parts of a listener's handle that are used. Undocumented: everything is checked before use. */
interface ListenerHandle {
	onconnection: ((status: number, client: unknown) => void) | undefined;
}

export interface Listener {
	readonly server: Server;
	/** How accepted sockets are read. Known once the server listens. */
	readMode(): "reused-buffer" | "events";
}

/** A TCP or pipe listener that reads accepted sockets through one reused buffer where that can be had. */
export function createListener(
	attach: Attach,
	reuseReadBuffer: boolean,
): Listener {
	const server = createServer({ noDelay: true }, (socket) =>
		attachByEvents(socket, attach),
	);
	let mode: "reused-buffer" | "events" = "events";
	if (reuseReadBuffer)
		server.on("listening", () => {
			if (takeOver(server, attach)) mode = "reused-buffer";
		});
	return { server, readMode: () => mode };
}

function takeOver(server: Server, attach: Attach): boolean {
	const handle = (server as unknown as { _handle?: ListenerHandle })._handle;
	if (typeof handle?.onconnection !== "function") return false;
	// One buffer for all connections of the thread: what is read is consumed before the next read.
	const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
	const original = handle.onconnection;
	handle.onconnection = function onconnection(status, client) {
		if (status !== 0 || client === undefined || client === null) {
			original.call(this, status, client);
			return;
		}
		attachByReusedBuffer(client, buffer, attach);
	};
	return true;
}

function attachByReusedBuffer(
	handle: unknown,
	buffer: Buffer,
	attach: Attach,
): void {
	let user: SocketUser | null = null;
	let paused = false;
	const options = {
		handle,
		manualStart: true,
		onread: {
			buffer,
			callback: (byteLength: number, bytes: Uint8Array) => {
				user?.read(bytes, 0, byteLength);
				return !paused;
			},
		},
	};
	const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
	socket.setNoDelay(true);
	user = attach({
		socket,
		pauseReading: () => {
			paused = true;
			socket.pause();
		},
		resumeReading: () => {
			paused = false;
			socket.resume();
		},
	});
	socket.on("end", () => socket.end());
	watch(socket, user);
	socket.read(0);
	socket.resume();
}
