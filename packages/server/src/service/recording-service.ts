// Recordings of what streams and models do, as a use case. One at a time: two would hold the same twice.

export interface RecordingRequest {
	/** Of the file in the server's folder of recordings; empty: the time of day. */
	readonly name: string;
	/** Size at which it ends by itself; 0: the server's limit. */
	readonly maxBytes: number;
	/** Time after which it ends by itself; 0: none. */
	readonly maxSeconds: number;
}

export interface RecordingInfo {
	readonly state: "opening" | "recording" | "ending" | "ended";
	/** On the server's machine. */
	readonly path: string;
	readonly fileBytes: number;
	readonly messageCount: number;
	/** Messages that the disk was too slow for. */
	readonly droppedCount: number;
	readonly seconds: number;
	/** Why it ended by itself; null while it has not. */
	readonly problem: string | null;
}

export interface RecordingService {
	/** Throws ALREADY_EXISTS while there is one, INVALID_ARGUMENT, or UNAVAILABLE when it cannot be written. */
	start(request: RecordingRequest): Promise<RecordingInfo>;
	/** Ends with a whole file. Throws NOT_FOUND when there is none under way. */
	stop(): Promise<RecordingInfo>;
	/** Of the one under way, or the last; null: there was none. */
	status(): RecordingInfo | null;
}
