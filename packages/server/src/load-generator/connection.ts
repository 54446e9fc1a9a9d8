// What the open loop asks of a connection, whatever protocol it speaks.
import type { AnswerKind } from "./outcome.ts";

export interface LoadTarget {
	readonly host: string;
	readonly port: number;
	/** Whether requests carry what is left of their deadline. */
	readonly tellsDeadline: boolean;
}

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

export interface LoadConnection {
	/** Sent by the next `flush`, or as soon as the server allows. */
	submit(call: OpenCall): void;
	/** The client waits for it no longer. */
	abandon(call: OpenCall): void;
	flush(): void;
	destroy(): void;
}

export interface ConnectionEvents {
	/** @param because why it was refused, as the server says; empty when it does not */
	answered(
		call: OpenCall,
		kind: AnswerKind,
		because: string,
		body: Buffer,
	): void;
	/** Nothing more can be sent. */
	failed(error: Error): void;
}
