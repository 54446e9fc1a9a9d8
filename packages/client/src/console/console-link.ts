// The one WebSocket of a console: topics by name, pictures and clouds, and a word to the server when they were drawn,
// without which it sends nothing more. A link that breaks is opened again.
import {
	CONSOLE_PATH,
	type ConsoleTick,
	type FromConsole,
	type KeyedTopic,
	type KeyedTopics,
	type MediaHead,
	type TailTopic,
	type TailTopics,
} from "@saccade/protocol/console";
import { decodeMedia } from "./media.ts";
import { TopicState } from "./topic-state.ts";

export type LinkState =
	| { readonly kind: "connecting" }
	| { readonly kind: "open" }
	/** It tries again in a while. @param reason as the server said it; empty: nothing was heard */
	| { readonly kind: "lost"; readonly reason: string };

export interface ConsoleLinkListener {
	/**
	 * Something changed.
	 * @param drawn to be called when it was drawn
	 */
	tick(topics: readonly string[], drawn: () => void): void;
	media(head: MediaHead, bytes: Uint8Array<ArrayBuffer>): void;
	state(state: LinkState): void;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

export class ConsoleLink {
	readonly #url: string;
	readonly #listener: ConsoleLinkListener;
	readonly #topics = new Map<string, TopicState>();
	#wanted: readonly string[] = [];
	#socket: WebSocket | null = null;
	#isClosed = false;
	#waitMs = FIRST_WAIT_MS;
	#timer: ReturnType<typeof setTimeout> | undefined;
	/** The server's clock minus this one's, as of the last tick, in ms. */
	clockOffsetMs = 0;

	/** @param origin `http://host:port`, or `https` */
	constructor(origin: string, listener: ConsoleLinkListener) {
		this.#url = origin.replace(/^http/, "ws") + CONSOLE_PATH;
		this.#listener = listener;
		this.#connect();
	}

	/** All that is wanted from now on; what is known of others is forgotten. */
	want(topics: readonly string[]): void {
		this.#wanted = topics;
		for (const topic of this.#topics.keys())
			if (!topics.includes(topic)) this.#topics.delete(topic);
		this.#say({ topics });
	}

	entries<T extends KeyedTopic>(topic: T): ReadonlyMap<string, KeyedTopics[T]> {
		const entries = this.#topics.get(topic)?.entries ?? NO_ENTRIES;
		return entries as ReadonlyMap<string, KeyedTopics[T]>;
	}

	items<T extends TailTopic>(topic: T): readonly TailTopics[T][] {
		return (this.#topics.get(topic)?.items ?? []) as readonly TailTopics[T][];
	}

	/** Whether anything was told of it yet. */
	knows(topic: string): boolean {
		return this.#topics.has(topic);
	}

	close(): void {
		this.#isClosed = true;
		clearTimeout(this.#timer);
		this.#socket?.close();
	}

	#connect(): void {
		this.#listener.state({ kind: "connecting" });
		const socket = new WebSocket(this.#url);
		this.#socket = socket;
		socket.binaryType = "arraybuffer";
		socket.onopen = () => {
			this.#waitMs = FIRST_WAIT_MS;
			this.#topics.clear();
			this.#listener.state({ kind: "open" });
			this.#say({ topics: this.#wanted });
		};
		socket.onmessage = ({ data }: { readonly data: unknown }) => {
			if (socket !== this.#socket) return;
			if (typeof data === "string") this.#tick(JSON.parse(data));
			else if (data instanceof ArrayBuffer) {
				const { head, bytes } = decodeMedia(data);
				this.#listener.media(head, bytes);
			}
		};
		socket.onclose = ({ reason }) => {
			if (this.#isClosed) return;
			this.#listener.state({ kind: "lost", reason });
			this.#timer = setTimeout(() => this.#connect(), this.#waitMs);
			this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
		};
	}

	#tick({ tick, nowMs, topics }: ConsoleTick): void {
		this.clockOffsetMs = nowMs - performance.now();
		for (const [name, change] of Object.entries(topics)) {
			// It may be on its way while it is wanted no more.
			if (!this.#wanted.includes(name)) continue;
			let state = this.#topics.get(name);
			if (state === undefined) {
				state = new TopicState();
				this.#topics.set(name, state);
			}
			state.apply(change);
		}
		this.#listener.tick(Object.keys(topics), () => this.#say({ seen: tick }));
	}

	#say(message: FromConsole): void {
		if (this.#socket?.readyState === WebSocket.OPEN)
			this.#socket.send(JSON.stringify(message));
	}
}

const NO_ENTRIES: ReadonlyMap<string, unknown> = new Map();
