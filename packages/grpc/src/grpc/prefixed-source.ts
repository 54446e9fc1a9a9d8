// The five octets before each message (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests).
import type { MessageSource } from "../api.ts";
import type { DataSource } from "../http2/stream.ts";

/** Adds the message prefix to a source. One serves all: a write is over before the next begins. */
class PrefixedSource implements DataSource {
	byteLength = 0;
	#message: MessageSource | null = null;

	of(message: MessageSource): this {
		this.#message = message;
		this.byteLength = message.byteLength + 5;
		return this;
	}

	writeTo(target: Uint8Array, offset: number): void {
		const message = this.#message!;
		const length = message.byteLength;
		target[offset] = message.compressed === true ? 1 : 0;
		target[offset + 1] = length >>> 24;
		target[offset + 2] = length >>> 16;
		target[offset + 3] = length >>> 8;
		target[offset + 4] = length;
		message.writeTo(target, offset + 5);
	}
}

export const prefixed: PrefixedSource = new PrefixedSource();
