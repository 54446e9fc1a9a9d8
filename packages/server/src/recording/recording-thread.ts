// What the recorder and the thread that writes its file say to each other.
import type { ChannelSpec } from "./mcap-file.ts";

export interface RecordingThreadData {
	readonly path: string;
	readonly library: string;
	/** A chunk that is not full is written after so long. */
	readonly flushAfterMs: number;
}

export type ToRecordingThread =
	| {
			readonly kind: "batch";
			/** Those that messages of this batch are the first of. */
			readonly channels: readonly {
				readonly id: number;
				readonly spec: ChannelSpec;
			}[];
			readonly bytes: Uint8Array;
	  }
	| { readonly kind: "end" };

export type FromRecordingThread =
	| { readonly kind: "open" }
	/** `takenBytes` of batches need not be kept any more. */
	| {
			readonly kind: "written";
			readonly takenBytes: number;
			readonly fileBytes: number;
	  }
	| { readonly kind: "ended"; readonly fileBytes: number }
	/** It writes no more. @see code of the system: ENOSPC, EACCES, EEXIST */
	| { readonly kind: "failed"; readonly code: string; readonly text: string };
