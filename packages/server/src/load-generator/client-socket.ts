// A socket that opens HTTP/2 as a client, read through a buffer of its own.
import { connect, type Socket } from "node:net";
import type { LoadTarget } from "./connection.ts";
import { BIG_WINDOW, FRAME, frame, PREFACE, u32 } from "./http2-frames.ts";

export interface SocketEvents {
	/** Valid during the call only. */
	read(chunk: Buffer): void;
	/** What was written is on its way. */
	drained(): void;
	/** Also when the server closes. */
	failed(error: Error): void;
}

const READ_BUFFER_BYTES = 256 * 1024;

/** No header table: blocks without state need no decoding in order. No push, and room for whatever the server says. */
const SETTINGS = Buffer.concat([
	Buffer.from([0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 4]),
	u32(BIG_WINDOW),
]);

export function openClientSocket(
	{ host, port }: Pick<LoadTarget, "host" | "port">,
	events: SocketEvents,
): Socket {
	const socket = connect({
		host,
		port,
		noDelay: true,
		onread: {
			buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
			callback: (length, buffer) => {
				events.read(Buffer.from(buffer.buffer, buffer.byteOffset, length));
				return true;
			},
		},
	});
	socket.on("drain", () => events.drained());
	socket.on("error", (error) => events.failed(error));
	socket.on("close", () => events.failed(new Error("server closed")));
	socket.write(
		Buffer.concat([
			PREFACE,
			frame(FRAME.settings, 0, 0, SETTINGS),
			frame(FRAME.windowUpdate, 0, 0, u32(BIG_WINDOW)),
		]),
	);
	return socket;
}
