// A body of unknown length, in chunks (RFC 9112, 7.1). Each write waits until the system took the one before.
import type { Socket } from "node:net";
import { Writable } from "node:stream";

type Done = (error?: Error | null) => void;

export class ChunkedBody extends Writable {
	readonly #socket: Socket;

	constructor(socket: Socket) {
		super({ decodeStrings: true });
		this.#socket = socket;
	}

	override _write(chunk: Buffer, _encoding: string, done: Done): void {
		// An empty chunk would end the body.
		if (chunk.byteLength === 0) {
			done();
			return;
		}
		const socket = this.#socket;
		socket.cork();
		socket.write(`${chunk.byteLength.toString(16)}\r\n`, "latin1");
		socket.write(chunk);
		socket.write("\r\n", "latin1", done);
		socket.uncork();
	}

	override _final(done: Done): void {
		this.#socket.write("0\r\n\r\n", "latin1", done);
	}
}
