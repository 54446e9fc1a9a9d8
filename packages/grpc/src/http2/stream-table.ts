// The streams of a connection: which are open, which ids were used, and which we reset.
import { MAX_STREAM_ID } from "./constants.ts";
import type { H2Stream } from "./stream.ts";

export class StreamTable {
	readonly open = new Map<number, H2Stream>();
	/** Highest id that the peer used. */
	maxId = 0;
	/** Streams above it are refused once a GOAWAY named it. */
	lastAcceptedId = MAX_STREAM_ID;
	/** Streams that we reset: what the peer had under way on them is ignored, not answered. */
	readonly #resetIds = new Set<number>();
	readonly #rememberedCount: number;

	/** Under overload every stream may be refused while its body is under way. */
	constructor(maxConcurrentStreams: number) {
		this.#rememberedCount = 2 * maxConcurrentStreams;
	}

	/** Never used by the peer; stream 0 is the connection itself. */
	isIdle(streamId: number): boolean {
		return streamId === 0 || streamId > this.maxId;
	}

	wasReset(streamId: number): boolean {
		return this.#resetIds.has(streamId);
	}

	rememberReset(streamId: number): void {
		this.#resetIds.add(streamId);
		if (this.#resetIds.size <= this.#rememberedCount) return;
		const [oldest] = this.#resetIds;
		if (oldest !== undefined) this.#resetIds.delete(oldest);
	}
}
