import type { MessageSink } from "../api.ts";

export interface MessageConsumer {
	/** A whole message. Its bytes belong to the consumer. */
	message(bytes: Uint8Array): void;
	halfClose(): void;
	abort(): void;
}

/** Collects whole messages, each in memory of its own. */
export class MessageCollector implements MessageSink {
	readonly #consumer: MessageConsumer;
	#message: Uint8Array = new Uint8Array(0);

	constructor(consumer: MessageConsumer) {
		this.#consumer = consumer;
	}

	begin(byteLength: number): Uint8Array {
		this.#message = new Uint8Array(byteLength);
		return this.#message;
	}

	end(): void {
		this.#consumer.message(this.#message);
	}

	halfClose(): void {
		this.#consumer.halfClose();
	}

	abort(): void {
		this.#consumer.abort();
	}
}
