// One request of an open-loop window, and what carries such requests to a server.

export interface OpenCall {
	/** Which of the distinct requests it is. */
	readonly index: number;
	readonly scheduledUs: number;
	/** Absolute. */
	readonly deadlineUs: number;
	state: "waiting" | "sending" | "sent" | "done";
	streamId: number;
	sentBytes: number;
	windowBytes: number;
	readonly parts: Buffer[];
}

export interface CallEvents {
	/** @param status of gRPC; null: the call ended without one. @param message ends with the tensor's bytes */
	answered(
		call: OpenCall,
		status: number | null,
		because: string,
		message: Buffer,
	): void;
	failed(error: Error): void;
}

export interface CallSender {
	/** Sent by the next `flush`, or as soon as the server allows. */
	submit(call: OpenCall): void;
	/** The client waits for it no longer. */
	abandon(call: OpenCall): void;
	flush(): void;
	destroy(): void;
}
