// Takes over the sockets that a listener of node:http accepts, before it sees them, to read them through one
// buffer. Where Node refuses that, node:http serves as ever.
import type { Server, Socket } from "node:net";
import { type AcceptedSocket, takeOver } from "@saccade/grpc/reused-buffer";

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

/** To be called when the server listens. */
export function takeConnections(server: Server, attach: Attach): void {
	// As node:http opens them, which may get one of them.
	takeOver(server, { allowHalfOpen: true }, (accepted) =>
		open(accepted, attach),
	);
}

function open(accepted: AcceptedSocket, attach: Attach): void {
	const { socket } = accepted;
	const onEnd = () => user?.ended();
	const onClose = () => user?.closed();
	// A reset is an end like any other; `close` follows.
	const onError = () => {};
	const user = attach({
		socket,
		pauseReading: () => accepted.pauseReading(),
		resumeReading: () => accepted.resumeReading(),
		release: () => {
			socket.off("end", onEnd);
			socket.off("close", onClose);
			socket.off("error", onError);
			accepted.release();
		},
	});
	if (user === null) {
		socket.destroy();
		return;
	}
	socket.on("end", onEnd);
	socket.on("close", onClose);
	socket.on("error", onError);
	accepted.start((bytes, start, end) => user.read(bytes, start, end));
}
