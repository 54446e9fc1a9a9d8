// Sockets that a listener accepts, read through one buffer of all of them (`onread` of net.Socket, public for clients
// only): with `data` events each read allocates a fresh 64 KiB buffer, which drives the garbage collector. It needs the
// listener's connection callback, so it is used as long as it is found to work: where Node refuses it, or brings
// `data` events nevertheless, the listener goes back to what it was.
import { type Server, Socket, type SocketConstructorOpts } from "node:net";

const READ_BUFFER_BYTES = 256 * 1024;

/** `bytes` are valid during the call only. */
export type Read = (bytes: Buffer, start: number, end: number) => void;

/** How whoever made the listener would open its sockets. */
export type SocketOptions = Pick<SocketConstructorOpts, "allowHalfOpen">;

/** The parts of a listener's handle that are used. Undocumented: everything is checked before use. */
interface ListenerHandle {
	onconnection: ((status: number, client: unknown) => void) | undefined;
}

export interface Takeover {
	/** Whether new sockets are read in this way. */
	readonly isActive: boolean;
}

/**
 * Makes the sockets of `server` from here on; to be called when it listens.
 * @param accept begins to read the socket with `start`, or destroys it
 */
export function takeOver(
	server: Server,
	options: SocketOptions,
	accept: (accepted: AcceptedSocket) => void,
): Takeover {
	const handle = (server as unknown as { _handle?: ListenerHandle })._handle;
	const original = handle?.onconnection;
	if (handle === undefined || typeof original !== "function")
		return { isActive: false };
	// One for all connections: what is read is consumed before the next read.
	const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
	const takeover = { isActive: true };
	const giveBack = () => {
		handle.onconnection = original;
		takeover.isActive = false;
	};
	const open = (client: unknown) => {
		try {
			return new AcceptedSocket(client, buffer, options, giveBack);
		} catch {
			giveBack();
			return null;
		}
	};
	handle.onconnection = function onconnection(status, client) {
		const isAccepted = status === 0 && client !== undefined && client !== null;
		const accepted = isAccepted ? open(client) : null;
		if (accepted === null) original.call(this, status, client);
		else accept(accepted);
	};
	return takeover;
}

export class AcceptedSocket {
	readonly socket: Socket;
	readonly #giveBack: () => void;
	#isPaused = false;
	/** Returns whether to read on. */
	#onBytes: (byteLength: number, bytes: Buffer) => boolean = () => true;
	/** Nothing comes this way while `onread` is heeded. */
	#onData: (bytes: Buffer) => void = () => {};

	/** Throws where Node makes no socket in this way. @param giveBack `onread` is not heeded */
	constructor(
		client: unknown,
		buffer: Buffer,
		options: SocketOptions,
		giveBack: () => void,
	) {
		this.#giveBack = giveBack;
		const onread = {
			buffer,
			callback: (byteLength: number, bytes: Buffer) =>
				this.#onBytes(byteLength, bytes),
		};
		this.socket = new Socket({
			...options,
			handle: client,
			manualStart: true,
			onread,
		} as SocketConstructorOpts);
	}

	start(read: Read): void {
		const { socket } = this;
		this.#onBytes = (byteLength, bytes) => {
			read(bytes, 0, byteLength);
			return !this.#isPaused;
		};
		this.#onData = (bytes) => {
			this.#giveBack();
			read(bytes, 0, bytes.length);
		};
		socket.on("data", this.#onData);
		socket.setNoDelay(true);
		socket.read(0);
		socket.resume();
	}

	pauseReading(): void {
		this.#isPaused = true;
		this.socket.pause();
	}

	resumeReading(): void {
		if (!this.#isPaused) return;
		this.#isPaused = false;
		this.socket.resume();
	}

	/** Somebody else reads it from now on, as any other socket. */
	release(): void {
		this.socket.off("data", this.#onData);
		this.#onBytes = (byteLength, bytes) =>
			this.socket.push(Buffer.from(bytes.subarray(0, byteLength)));
	}
}
