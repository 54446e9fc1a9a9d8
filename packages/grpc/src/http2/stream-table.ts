// The streams of a connection: which are open, which ids were used, and which we reset.
import { MAX_STREAM_ID } from "./constants.ts";
import { OpenStreams } from "./open-streams.ts";

export class StreamTable {
	readonly open = new OpenStreams();
	/** Highest id that the peer used. */
	maxId = 0;
	/** Streams above it are refused once a GOAWAY named it. */
	lastAcceptedId = MAX_STREAM_ID;
	/**
	 * Streams that we reset: what the peer had under way on them is ignored, not answered. An id lies at its own place
	 * until one a whole turn younger takes it; made with the first reset.
	 */
	#resetIds: Uint32Array | null = null;
	readonly #rememberedCount: number;

	/** Under overload every stream may be refused while its body is under way. */
	constructor(maxConcurrentStreams: number) {
		this.#rememberedCount = Math.min(
			2 * maxConcurrentStreams,
			MOST_REMEMBERED_COUNT,
		);
	}

	/** Never used by the peer; stream 0 is the connection itself. */
	isIdle(streamId: number): boolean {
		return streamId === 0 || streamId > this.maxId;
	}

	wasReset(streamId: number): boolean {
		return this.#resetIds?.[this.#placeOf(streamId)] === streamId;
	}

	rememberReset(streamId: number): void {
		this.#resetIds ??= new Uint32Array(this.#rememberedCount);
		this.#resetIds[this.#placeOf(streamId)] = streamId;
	}

	/** Clients use the odd ids, one after the other. */
	#placeOf(streamId: number): number {
		return (streamId >>> 1) % this.#rememberedCount;
	}
}

/** 256 KiB, of a connection that resets streams. */
const MOST_REMEMBERED_COUNT = 65_536;
