// What the receiving side of a connection tells its owner.
import type { ErrorNumber } from "./constants.ts";
import type { RequestHead } from "./request-head.ts";
import type { H2Stream } from "./stream.ts";

export interface ReceiverHost {
	/** A new stream begins with a well-formed head, or with one that is larger than the limit: null. */
	openStream(
		streamId: number,
		head: RequestHead | null,
		endStream: boolean,
	): void;
	/** The peer sent the last of its side, and it is whole. */
	remoteEnd(stream: H2Stream): void;
	peerReset(stream: H2Stream): void;
	resetStream(stream: H2Stream, code: ErrorNumber): void;
}
