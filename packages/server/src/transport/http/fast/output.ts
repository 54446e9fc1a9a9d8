// Answers leave with one write each, from one buffer for all connections of the thread. The buffer is used again
// unless the kernel did not take all of it: then the socket still reads from it.
import type { Socket } from "node:net";

const BUFFER_BYTES = 64 * 1024;

export class Output {
	#buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

	/** A large body is not copied: it must stay as it is. */
	write(socket: Socket, head: string, body: Uint8Array): void {
		const byteLength = head.length + body.byteLength;
		if (byteLength > BUFFER_BYTES) {
			socket.cork();
			socket.write(head, "latin1");
			socket.write(body);
			socket.uncork();
			return;
		}
		const buffer = this.#buffer;
		buffer.write(head, "latin1");
		buffer.set(body, head.length);
		socket.write(buffer.subarray(0, byteLength));
		if (socket.writableLength > 0)
			this.#buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
	}
}
