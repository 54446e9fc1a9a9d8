// A channel as who publishes sees it. Publishing to one that nobody watches costs a comparison.
import type { ChannelSpec } from "./protocol.ts";
import type { Viewer } from "./viewer.ts";

export interface Channel {
	readonly id: number;
	readonly spec: ChannelSpec;
	/** Whether somebody is subscribed: without, there is no need to make a message. */
	readonly isWatched: boolean;
	/**
	 * @param timeNs when it was logged, since 1970
	 * @param payload in one or more pieces; it is kept until it is sent, so nobody writes to it any more
	 */
	publish(timeNs: bigint, payload: Uint8Array | readonly Uint8Array[]): void;
	/** Viewers hear that it is gone. */
	close(): void;
}

/** What a channel belongs to. */
interface ChannelHost {
	readonly viewers: ReadonlySet<Viewer>;
	readonly closed: (id: number) => void;
}

export class OpenChannel implements Channel {
	readonly id: number;
	readonly spec: ChannelSpec;
	readonly #of: ChannelHost;
	#watcherCount = 0;

	constructor(id: number, spec: ChannelSpec, of: ChannelHost) {
		this.id = id;
		this.spec = spec;
		this.#of = of;
	}

	get isWatched(): boolean {
		return this.#watcherCount > 0;
	}

	publish(timeNs: bigint, payload: Uint8Array | readonly Uint8Array[]): void {
		if (!this.isWatched) return;
		const parts = payload instanceof Uint8Array ? [payload] : payload;
		for (const viewer of this.#of.viewers)
			if (viewer.wants(this.id)) viewer.tell(this.id, timeNs, parts);
	}

	joined(): void {
		this.#watcherCount++;
	}

	left(): void {
		this.#watcherCount--;
	}

	close(): void {
		this.#watcherCount = 0;
		this.#of.closed(this.id);
	}
}
