// What carries the messages of a stream: a gRPC call, a WebSocket.
import type { ClientError } from "../client-error.ts";

export interface MessagePipe {
	/** False: it is taken, but output is backed up; `drained` follows. */
	send(message: Uint8Array): boolean;
	/** This side sends no more. */
	end(): void;
	cancel(): void;
}

export interface PipeListener {
	message(bytes: Uint8Array): void;
	drained(): void;
	/** The last call. @param error null: the server ended it in good order */
	over(error: ClientError | null): void;
}

export type OpenPipe = (listener: PipeListener) => MessagePipe;
