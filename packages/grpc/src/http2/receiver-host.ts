// What the receiving side of a connection tells its owner.
import type { LIST_TOO_LARGE } from "../hpack/decoder.ts";
import type { ErrorNumber } from "./constants.ts";
import type { ParsedHead } from "./request-head.ts";
import type { H2Stream } from "./stream.ts";

export interface ReceiverHost {
	nowUs(): number;
	/** A new stream's head is complete, well formed or not. */
	openStream(
		streamId: number,
		parsed: ParsedHead | typeof LIST_TOO_LARGE,
		endStream: boolean,
	): void;
	/** The peer sent the last of its side. */
	remoteEnd(stream: H2Stream): void;
	peerReset(stream: H2Stream): void;
	resetStream(stream: H2Stream, code: ErrorNumber): void;
	returnStreamCredit(stream: H2Stream): void;
	pingAcknowledged(): void;
}
