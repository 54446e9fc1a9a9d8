// Two ways to read a socket. `data` events are the public one: each read allocates a fresh 64 KiB buffer, which
// drives the garbage collector. The other gives every accepted socket one shared buffer (`onread` of net.Socket,
// public for clients only), by taking over the listener's connection callback. It is used as long as it is found to
// work: where Node refuses it, or brings `data` events nevertheless, the listener goes back to those.
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
	const takeover = new Takeover(attach);
	if (reuseReadBuffer) server.on("listening", () => takeover.begin(server));
	return { server, readMode: () => takeover.mode };
}

/** Makes the sockets of a listener itself, so that they get the reused buffer. */
class Takeover {
	readonly #attach: Attach;
	mode: ReadMode = "events";
	#giveBack: () => void = () => {};

	constructor(attach: Attach) {
		this.#attach = attach;
	}

	begin(server: Server): void {
		const handle = (server as unknown as { _handle?: ListenerHandle })._handle;
		const original = handle?.onconnection;
		if (handle === undefined || typeof original !== "function") return;
		// One buffer for all connections of the thread: what is read is consumed before the next read.
		const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
		const accept = (client: unknown) => this.#accept(client, buffer);
		handle.onconnection = function onconnection(status, client) {
			if (
				status !== 0 ||
				client === undefined ||
				client === null ||
				!accept(client)
			)
				original.call(this, status, client);
		};
		this.mode = "reused-buffer";
		this.#giveBack = () => {
			handle.onconnection = original;
			this.mode = "events";
		};
	}

	/** False: Node makes no socket of it in this way. */
	#accept(client: unknown, buffer: Buffer): boolean {
		let read: (byteLength: number, bytes: Uint8Array) => boolean = () => true;
		const onread = {
			buffer,
			callback: (byteLength: number, bytes: Uint8Array) =>
				read(byteLength, bytes),
		};
		const options = { handle: client, manualStart: true, onread };
		let socket: Socket;
		try {
			socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
		} catch {
			this.#giveBack();
			return false;
		}
		let isPaused = false;
		const user = this.#attach({
			socket,
			pauseReading: () => {
				isPaused = true;
				socket.pause();
			},
			resumeReading: () => {
				isPaused = false;
				socket.resume();
			},
		});
		read = (byteLength, bytes) => {
			user.read(bytes, 0, byteLength);
			return !isPaused;
		};
		// Nothing comes this way while `onread` is heeded.
		socket.on("data", (bytes: Buffer) => {
			this.#giveBack();
			user.read(bytes, 0, bytes.length);
		});
		socket.on("end", () => socket.end());
		watch(socket, user);
		socket.setNoDelay(true);
		socket.read(0);
		socket.resume();
		return true;
	}
}
