// Takes over the sockets that a listener of node:http accepts, before it sees them, so that they are read through
// one reused buffer (`onread` of net.Socket, public for clients only): with `data` events each read allocates a
// fresh 64 KiB buffer, which drives the garbage collector. Where Node refuses it, node:http serves as ever.
import { type Server, Socket } from "node:net";

const READ_BUFFER_BYTES = 256 * 1024;

/** How a connection holds back, and lets go, its socket. */
export interface SocketControl {
	readonly socket: Socket;
	pauseReading(): void;
	resumeReading(): void;
	/** Somebody else reads it from now on, as any other socket. */
	release(): void;
}

export interface SocketUser {
	/** `bytes` are valid during the call only. */
	read(bytes: Buffer, start: number, end: number): void;
	/** The other side sends nothing more. */
	ended(): void;
	closed(): void;
}

/** Null: not now. The connection is closed. */
export type Attach = (control: SocketControl) => SocketUser | null;

/** The parts of a listener's handle that are used. Undocumented: everything is checked before use. */
interface ListenerHandle {
	onconnection: ((status: number, client: unknown) => void) | undefined;
}

/** To be called when the server listens. False: it was not possible. */
export function takeOver(server: Server, attach: Attach): boolean {
	const handle = (server as unknown as { _handle?: ListenerHandle })._handle;
	const original = handle?.onconnection;
	if (handle === undefined || typeof original !== "function") return false;
	// One buffer for all connections of the thread: what is read is consumed before the next read.
	const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
	handle.onconnection = function onconnection(status, client) {
		const isOurs = status === 0 && client !== undefined && client !== null;
		const socket = isOurs ? openSocket(client, buffer) : null;
		if (socket === null) {
			if (isOurs) handle.onconnection = original;
			original.call(this, status, client);
		} else read(socket, attach);
	};
	return true;
}

/** A socket whose reads are handed to `onBytes`; null: Node makes none in this way. */
interface BufferedSocket {
	readonly socket: Socket;
	onBytes: (byteLength: number, bytes: Buffer) => boolean;
}

function openSocket(client: unknown, buffer: Buffer): BufferedSocket | null {
	let opened: BufferedSocket | null = null;
	const onread = {
		buffer,
		callback: (byteLength: number, bytes: Buffer) =>
			opened?.onBytes(byteLength, bytes) ?? true,
	};
	const options = {
		handle: client,
		manualStart: true,
		// As node:http opens them, which may get this one.
		allowHalfOpen: true,
		onread,
	};
	try {
		const socket = new Socket(
			options as ConstructorParameters<typeof Socket>[0],
		);
		opened = { socket, onBytes: () => true };
		return opened;
	} catch {
		return null;
	}
}

function read(opened: BufferedSocket, attach: Attach): void {
	const { socket } = opened;
	let isPaused = false;
	const onEnd = () => user?.ended();
	const onClose = () => user?.closed();
	// A reset is an end like any other; `close` follows.
	const onError = () => {};
	// Nothing comes this way while `onread` is heeded.
	const onData = (bytes: Buffer) => user?.read(bytes, 0, bytes.length);
	const user = attach({
		socket,
		pauseReading: () => {
			isPaused = true;
			socket.pause();
		},
		resumeReading: () => {
			if (!isPaused) return;
			isPaused = false;
			socket.resume();
		},
		release: () => {
			socket.off("end", onEnd);
			socket.off("close", onClose);
			socket.off("error", onError);
			socket.off("data", onData);
			opened.onBytes = (byteLength, bytes) =>
				socket.push(Buffer.from(bytes.subarray(0, byteLength)));
		},
	});
	if (user === null) {
		socket.destroy();
		return;
	}
	opened.onBytes = (byteLength, bytes) => {
		user.read(bytes, 0, byteLength);
		return !isPaused;
	};
	socket.on("end", onEnd);
	socket.on("close", onClose);
	socket.on("error", onError);
	socket.on("data", onData);
	socket.setNoDelay(true);
	socket.read(0);
	socket.resume();
}
