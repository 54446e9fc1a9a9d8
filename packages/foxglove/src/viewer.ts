// One client: what it wants, and what it can take. While its connection is full the newest message of each channel waits,
// and the ones before are lost to it: what it sees is late by what fits the connection, never by more.
import type { WebSocket } from "ws";
import {
	type ClientMessage,
	parseClientBinary,
	parseClientText,
} from "./client-message.ts";
import { messageHead, type StatusLevel, status } from "./protocol.ts";

export interface ViewerLimits {
	/** Bytes that may wait in its connection before messages begin to be lost. */
	readonly maxWaitingBytes: number;
	/** Messages that are wrong, after which it is cut. */
	readonly maxProblemCount: number;
}

export interface ViewerEvents {
	said(viewer: Viewer, message: ClientMessage): void;
	lost(count: number): void;
}

interface Waiting {
	readonly timeNs: bigint;
	readonly payload: readonly Uint8Array[];
}

const POLICY_VIOLATION = 1008;

export class Viewer {
	/** Parameters that it wants to hear of; null: all of them. */
	parameterNames: Set<string> | null = new Set();
	/** Messages that it lost. */
	lostCount = 0;
	/** Resolves when its connection is. */
	readonly closed: Promise<void>;
	readonly #socket: WebSocket;
	readonly #limits: ViewerLimits;
	readonly #events: ViewerEvents;
	/** By channel: the id that the client knows it by. */
	readonly #subscriptions = new Map<number, number>();
	/** The newest of each channel, while the connection is full. */
	readonly #waiting = new Map<number, Waiting>();
	#problemCount = 0;
	#isAlive = true;

	constructor(socket: WebSocket, limits: ViewerLimits, events: ViewerEvents) {
		this.#socket = socket;
		this.#limits = limits;
		this.#events = events;
		this.closed = new Promise((resolve) => socket.on("close", resolve));
		socket.on("message", (data: Buffer, isBinary) =>
			this.#received(data, isBinary),
		);
		socket.on("pong", () => {
			this.#isAlive = true;
		});
		// What breaks the WebSocket protocol is answered by `ws` with its close code; `close` follows.
		socket.on("error", () => {});
	}

	wants(channelId: number): boolean {
		return this.#subscriptions.has(channelId);
	}

	get channelIds(): Iterable<number> {
		return this.#subscriptions.keys();
	}

	/** @returns why not; null: it is subscribed */
	subscribe(id: number, channelId: number): string | null {
		if (this.#subscriptions.has(channelId))
			return `channel ${channelId} is subscribed already`;
		for (const known of this.#subscriptions.values())
			if (known === id) return `subscription ${id} is in use`;
		this.#subscriptions.set(channelId, id);
		return null;
	}

	/** @returns the channel; null: there is no such subscription */
	unsubscribe(id: number): number | null {
		for (const [channelId, known] of this.#subscriptions)
			if (known === id) {
				this.forget(channelId);
				return channelId;
			}
		return null;
	}

	/** The channel is gone. */
	forget(channelId: number): void {
		this.#subscriptions.delete(channelId);
		this.#waiting.delete(channelId);
	}

	/** @param payload is kept until it is sent: nobody writes to it any more */
	tell(
		channelId: number,
		timeNs: bigint,
		payload: readonly Uint8Array[],
	): void {
		if (this.#isFull()) {
			if (this.#waiting.has(channelId)) this.#lost(1);
			this.#waiting.set(channelId, { timeNs, payload });
			return;
		}
		this.#send(channelId, { timeNs, payload });
	}

	/** Beside the channels: small, and never lost. */
	sendText(text: string): void {
		this.#socket.send(text);
	}

	/** Lost while the connection is full: the next one says more. */
	sendTime(message: Uint8Array): void {
		if (!this.#isFull()) this.#socket.send(message);
	}

	sendStatus(level: StatusLevel, message: string): void {
		this.sendText(status(level, message));
	}

	/** Called at a steady pace: cuts who did not answer since the last time. */
	checkAlive(): void {
		if (!this.#isAlive) {
			this.#socket.terminate();
			return;
		}
		this.#isAlive = false;
		this.#socket.ping();
	}

	close(code: number, reason: string): void {
		this.#socket.close(code, reason);
	}

	terminate(): void {
		this.#socket.terminate();
	}

	#isFull(): boolean {
		return this.#socket.bufferedAmount > this.#limits.maxWaitingBytes;
	}

	#send(channelId: number, { timeNs, payload }: Waiting): void {
		const id = this.#subscriptions.get(channelId);
		if (id === undefined) return;
		const parts = [messageHead(id, timeNs), ...payload];
		// In fragments, so that no payload is copied to stand behind its head.
		for (const [index, part] of parts.entries())
			this.#socket.send(
				part,
				{ binary: true, fin: index === parts.length - 1 },
				this.#sent,
			);
	}

	/** Something left: there may be room for what waits. */
	readonly #sent = (): void => {
		for (const [channelId, waiting] of this.#waiting) {
			if (this.#isFull()) return;
			this.#waiting.delete(channelId);
			this.#send(channelId, waiting);
		}
	};

	#lost(count: number): void {
		this.lostCount += count;
		this.#events.lost(count);
	}

	#received(data: Buffer, isBinary: boolean): void {
		const parsed = isBinary
			? parseClientBinary(data)
			: parseClientText(data.toString());
		if (parsed.ok) this.#events.said(this, parsed.message);
		else this.problem(parsed.problem);
	}

	/** Tells what is wrong; who is wrong again and again is cut. */
	problem(text: string): void {
		this.#problemCount++;
		if (this.#problemCount > this.#limits.maxProblemCount)
			this.close(POLICY_VIOLATION, "too many messages that are wrong");
		else this.sendStatus("error", text);
	}
}
