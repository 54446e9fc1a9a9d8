// What consoles are told, tick by tick, for as long as one of them listens. Every topic is looked at once a tick and
// every change is written once, however many listen; whoever is not through with two ticks is left out, counted, and
// told what is newest when it is.
//
//   timer ─▶ tick: topics.advance() ─▶ 50 clients a turn of the loop ─▶ the next timer
import { CONSOLE_TICKS_AHEAD } from "@saccade/protocol/console";
import type { Clock, Timer } from "../../common/clock.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { Topic } from "./topic.ts";

/** One that listens. A transport's. */
export interface ConsoleListener {
	/** @param message not to be kept from others: all get the same bytes */
	tell(message: Uint8Array, isBinary: boolean): void;
}

export interface ConsoleSubscription {
	/** All that it wants from now on; what is unknown is never told of. Throws INVALID_ARGUMENT for too many. */
	want(topics: readonly string[]): void;
	/** It is through with this tick. */
	seen(tick: number): void;
	end(): void;
}

/** The newest picture or cloud of a device, written when it is new. */
export interface MediaSource {
	/** Who is watched from now on, by topic. */
	watch(topics: ReadonlySet<string>): void;
	/** Null: there is none yet. The version changes with each. */
	newest(
		topic: string,
	): { readonly version: number; readonly message: Uint8Array } | null;
}

export interface FeedTopic {
	readonly topic: Topic;
	/** Looked at every so many ticks. */
	readonly everyTicks: number;
	/** Told when the first listener comes, and when the last one is gone. */
	readonly watched?: (isWatched: boolean) => void;
}

export interface ConsoleFeedOptions {
	readonly clock: Clock;
	readonly topics: Readonly<Record<string, FeedTopic>>;
	readonly media: MediaSource;
	/** @default 1024: each costs a connection, and a write a tick */
	readonly maxClientCount?: number;
	/**
	 * Bytes that all consoles together were told and have not seen; beyond it, nobody is told more until some are seen.
	 * @default 256 MiB: consoles that stop reading hold them in memory until they are cut
	 */
	readonly maxUnseenBytes?: number;
}

export const TICK_MS = 100;
/** Of the first one after a silence: views ask for their topics one after the other while they open. */
const FIRST_TICK_MS = 5;
const MEDIA = "media/";
/** A topic that nobody has is no mistake, so that an older server does for a newer console; thousands of them are. */
const MAX_WANTED = 64;
const MAX_UNSEEN_BYTES = 256 * 1024 * 1024;
/** Of clients told in one turn of the loop. */
const SLICE = 50;

interface Client {
	readonly listener: ConsoleListener;
	wanted: ReadonlySet<string>;
	/** Topic → what it was told last. */
	readonly told: Map<string, number>;
	/** Ticks that it was told. */
	ahead: number;
	lastTick: number;
	/** Of those ticks. */
	unseenBytes: number;
}

interface TopicState extends FeedTopic {
	readonly name: string;
	/** Of the last look that found something; 0: none yet. */
	revision: number;
	watcherCount: number;
	/** Nobody watched before: what it was at the last look may be long over. */
	isStale: boolean;
}

export class ConsoleFeed {
	readonly #options: ConsoleFeedOptions;
	readonly #topics: ReadonlyMap<string, TopicState>;
	readonly #clients = new Set<Client>();
	#timer: Timer | null = null;
	#tick = 0;
	#lastTickUs = Number.NEGATIVE_INFINITY;
	#isTelling = false;
	#isClosed = false;
	#unseenBytes = 0;
	/** Ticks that were not told, because a console was not through with the ones before. */
	droppedTickCount = 0;

	constructor(options: ConsoleFeedOptions) {
		this.#options = options;
		this.#topics = new Map(
			Object.entries(options.topics).map(([name, topic]) => [
				name,
				{ ...topic, name, revision: 0, watcherCount: 0, isStale: true },
			]),
		);
	}

	get clientCount(): number {
		return this.#clients.size;
	}

	/** Throws UNAVAILABLE when there are too many. */
	add(listener: ConsoleListener): ConsoleSubscription {
		const most = this.#options.maxClientCount ?? 1024;
		if (this.#clients.size >= most)
			throw new SaccadeError(
				"UNAVAILABLE",
				`${most} consoles are open, which is the limit; close some`,
				{ refusedBecause: "unavailable" },
			);
		const client: Client = {
			listener,
			wanted: new Set(),
			told: new Map(),
			ahead: 0,
			lastTick: 0,
			unseenBytes: 0,
		};
		this.#clients.add(client);
		return {
			want: (topics) => this.#want(client, topics),
			seen: (tick) => {
				// A tick that it was never told is no credit.
				if (tick === client.lastTick) this.#seenAll(client);
				else if (tick < client.lastTick && client.ahead > 1) client.ahead = 1;
			},
			end: () => this.#end(client),
		};
	}

	close(): void {
		this.#isClosed = true;
		this.#timer?.cancel();
		for (const client of [...this.#clients]) this.#end(client);
	}

	#want(client: Client, topics: readonly string[]): void {
		if (topics.length > MAX_WANTED)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`a console follows at most ${MAX_WANTED} topics, this one asks for ${topics.length}`,
			);
		const before = client.wanted;
		client.wanted = new Set(topics);
		for (const name of before)
			if (!client.wanted.has(name)) this.#unwatch(client, name);
		for (const name of client.wanted) if (!before.has(name)) this.#watch(name);
		this.#mediaChanged();
		if (client.wanted.size > 0) this.#schedule();
	}

	#watch(name: string): void {
		const topic = this.#topics.get(name);
		if (topic === undefined) return;
		topic.watcherCount++;
		if (topic.watcherCount > 1) return;
		topic.isStale = true;
		topic.watched?.(true);
	}

	#unwatch(client: Client, name: string): void {
		client.told.delete(name);
		const topic = this.#topics.get(name);
		if (topic === undefined) return;
		topic.watcherCount--;
		if (topic.watcherCount === 0) topic.watched?.(false);
	}

	#end(client: Client): void {
		if (!this.#clients.delete(client)) return;
		this.#seenAll(client);
		for (const name of client.wanted) this.#unwatch(client, name);
		client.wanted = new Set();
		this.#mediaChanged();
	}

	#seenAll(client: Client): void {
		this.#unseenBytes -= client.unseenBytes;
		client.unseenBytes = 0;
		client.ahead = 0;
	}

	#mediaChanged(): void {
		const watched = new Set<string>();
		for (const { wanted } of this.#clients)
			for (const name of wanted) if (name.startsWith(MEDIA)) watched.add(name);
		this.#options.media.watch(watched);
	}

	#schedule(): void {
		if (this.#timer !== null || this.#isClosed || this.#isTelling) return;
		const { clock } = this.#options;
		const dueUs = Math.max(
			clock.nowUs() + FIRST_TICK_MS * 1000,
			this.#lastTickUs + TICK_MS * 1000,
		);
		this.#timer = clock.at(dueUs, () => {
			this.#timer = null;
			this.#tickNow();
		});
	}

	#tickNow(): void {
		this.#tick++;
		this.#lastTickUs = this.#options.clock.nowUs();
		const tick = new Tick(this.#tick, this.#lastTickUs / 1000);
		for (const topic of this.#topics.values()) {
			if (topic.watcherCount === 0) continue;
			if (this.#tick % topic.everyTicks !== 0 && !topic.isStale) continue;
			topic.isStale = false;
			const change = topic.topic.advance();
			if (change === null && topic.revision > 0) continue;
			topic.revision++;
			tick.changes.set(topic.name, change);
		}
		this.#isTelling = true;
		this.#tellSome(tick, [...this.#clients], 0);
	}

	#tellSome(tick: Tick, clients: readonly Client[], from: number): void {
		if (this.#isClosed) return;
		const end = Math.min(from + SLICE, clients.length);
		for (let i = from; i < end; i++) this.#tell(tick, clients[i]!);
		if (end < clients.length) {
			setImmediate(() => this.#tellSome(tick, clients, end));
			return;
		}
		this.#isTelling = false;
		if ([...this.#clients].some(({ wanted }) => wanted.size > 0))
			this.#schedule();
	}

	#tell(tick: Tick, client: Client): void {
		const { wanted, told, listener } = client;
		if (wanted.size === 0) return;
		const { media, maxUnseenBytes = MAX_UNSEEN_BYTES } = this.#options;
		const isFull = this.#unseenBytes >= maxUnseenBytes;
		if (isFull || client.ahead >= CONSOLE_TICKS_AHEAD) {
			this.droppedTickCount++;
			return;
		}
		const parts: string[] = [];
		let mediaBytes = 0;
		for (const name of wanted) {
			const topic = this.#topics.get(name);
			if (topic !== undefined) {
				const part = this.#partOf(tick, topic, told.get(name) ?? 0);
				if (part === null) continue;
				parts.push(part);
				told.set(name, topic.revision);
				continue;
			}
			const newest = name.startsWith(MEDIA) ? media.newest(name) : null;
			if (newest === null || newest.version === told.get(name)) continue;
			told.set(name, newest.version);
			listener.tell(newest.message, true);
			mediaBytes += newest.message.byteLength;
		}
		if (parts.length === 0 && mediaBytes === 0) return;
		// Whoever wants the same is told with the same bytes, in whatever order it asked.
		const message = tick.message(parts.sort());
		client.ahead++;
		client.lastTick = tick.number;
		client.unseenBytes += message.byteLength + mediaBytes;
		this.#unseenBytes += message.byteLength + mediaBytes;
		listener.tell(message, false);
	}

	/** Which part of a tick's message somebody gets; null: nothing new. */
	#partOf(tick: Tick, topic: TopicState, told: number): string | null {
		if (topic.revision === 0 || told === topic.revision) return null;
		const change = tick.changes.get(topic.name);
		const isNext = told > 0 && told === topic.revision - 1;
		return isNext && change != null
			? tick.part(`+${topic.name}`, topic.name, () => change)
			: tick.part(topic.name, topic.name, () => topic.topic.snapshot());
	}
}

/** What is told in one tick, each text and each message written once. */
class Tick {
	readonly number: number;
	/** Topic → what changed; null: it is told for the first time. */
	readonly changes = new Map<string, string | null>();
	readonly #nowMs: number;
	readonly #parts = new Map<string, string>();
	readonly #messages = new Map<string, Uint8Array>();

	constructor(number: number, nowMs: number) {
		this.number = number;
		this.#nowMs = nowMs;
	}

	/** Returns the key: the text itself may be long. */
	part(key: string, name: string, text: () => string): string {
		if (!this.#parts.has(key))
			this.#parts.set(key, `${JSON.stringify(name)}:${text()}`);
		return key;
	}

	message(parts: readonly string[]): Uint8Array {
		const key = parts.join("\n");
		const known = this.#messages.get(key);
		if (known !== undefined) return known;
		const texts = parts.map((part) => this.#parts.get(part) ?? "");
		const message = Buffer.from(
			`{"tick":${this.number},"nowMs":${this.#nowMs},"topics":{${texts.join(",")}}}`,
		);
		this.#messages.set(key, message);
		return message;
	}
}
