// One request of our own connection. It stays valid for whoever keeps it: what comes after its connection went on to
// another request, or is gone, changes nothing.
import type { Writable } from "node:stream";
import type { AnswerHeaders, BodySink, Exchange } from "../exchange.ts";
import type { Head } from "./head.ts";

/** What an exchange asks of its connection, as long as it is the current one. */
export interface ExchangeOwner {
	readonly peer: string;
	readonly unwrittenByteCount: number;
	tellContinue(): void;
	send(status: number, headers: AnswerHeaders, body: Uint8Array): void;
	/** The same, and the rest of the body is dropped. */
	sendRefusal(
		status: number,
		headers: AnswerHeaders,
		body: Uint8Array,
		lingerMs: number,
	): void;
	startStream(headers: AnswerHeaders): Writable;
	destroy(): void;
}

export class FastExchange implements Exchange {
	readonly httpVersion = "1.1";
	readonly #head: Head;
	#owner: ExchangeOwner | null;
	#sink: BodySink | null = null;
	#overListeners: (() => void)[] = [];
	#wasToldContinue = false;
	isAnswered = false;
	isGone = false;

	constructor(head: Head, owner: ExchangeOwner) {
		this.#head = head;
		this.#owner = owner;
	}

	get method(): string {
		return this.#head.method;
	}

	get target(): string {
		return this.#head.target;
	}

	get headerCount(): number {
		return this.#head.headerCount;
	}

	get peer(): string {
		return this.#owner?.peer ?? "";
	}

	header(name: string): string | undefined {
		return this.#head.headers.get(name);
	}

	headers(): Iterable<readonly [name: string, value: string]> {
		return this.#head.headers;
	}

	get awaitsContinue(): boolean {
		return this.#head.awaitsContinue && !this.#wasToldContinue;
	}

	tellContinue(): void {
		this.#wasToldContinue = true;
		this.#owner?.tellContinue();
	}

	readBody(sink: BodySink): void {
		this.#sink = sink;
	}

	answer(status: number, headers: AnswerHeaders, body: Uint8Array): void {
		if (!this.#begin()) return;
		this.#owner?.send(status, headers, body);
	}

	refuse(
		status: number,
		headers: AnswerHeaders,
		body: Uint8Array,
		lingerMs: number,
	): void {
		if (!this.#begin()) return;
		this.#sink = null;
		this.#owner?.sendRefusal(status, headers, body, lingerMs);
	}

	startStream(headers: AnswerHeaders): Writable {
		if (this.#owner === null || !this.#begin())
			throw new Error("an answer was begun twice");
		return this.#owner.startStream(headers);
	}

	get unwrittenByteCount(): number {
		return this.#owner?.unwrittenByteCount ?? 0;
	}

	onceOver(listener: () => void): void {
		this.#overListeners.push(listener);
	}

	destroy(): void {
		this.#owner?.destroy();
	}

	// ── called by the connection ─────────────────────────────────────────────────────────────────────────

	data(bytes: Uint8Array): void {
		this.#sink?.data(bytes);
	}

	end(): void {
		const sink = this.#sink;
		this.#sink = null;
		sink?.end();
	}

	/** The system took the answer. */
	over(): void {
		this.#owner = null;
		const listeners = this.#overListeners;
		this.#overListeners = [];
		for (const listener of listeners) listener();
	}

	/** The connection is gone. */
	lost(): void {
		this.isGone = true;
		const sink = this.#sink;
		this.#sink = null;
		sink?.lost();
		this.over();
	}

	#begin(): boolean {
		if (this.isAnswered || this.isGone) return false;
		this.isAnswered = true;
		return true;
	}
}
