// When entries leave the queue by themselves: one timer, for the earliest, whether lanes are free or not.
import { type Clock, EXPIRY_EARLY_US, type Timer } from "../../common/clock.ts";
import { Heap } from "../../common/heap.ts";
import type { Entry } from "../scheduler.ts";

export interface ExpiryEvents<E extends Entry> {
	/** The entry's time is over; it is not watched any more. */
	expired(entry: E, nowUs: number): void;
	/** All that were due have been told. */
	settled(): void;
}

export class ExpiryWatch<E extends Entry> {
	readonly #clock: Clock;
	readonly #events: ExpiryEvents<E>;
	readonly #entries = new Heap<E>((entry) => entry.expiresUs);
	#timer: Timer | null = null;
	#timerUs = Number.POSITIVE_INFINITY;

	constructor(clock: Clock, events: ExpiryEvents<E>) {
		this.#clock = clock;
		this.#events = events;
	}

	/** @param atUs Infinity: never */
	watch(entry: E, atUs: number): void {
		entry.expiresUs = atUs;
		if (atUs === Number.POSITIVE_INFINITY) return;
		this.#entries.push(entry);
		this.#arm();
	}

	/** No effect when it was not watched. */
	forget(entry: E): void {
		this.#entries.remove(entry);
	}

	close(): void {
		this.#timer?.cancel();
	}

	/** It is left armed when entries leave, and then finds nothing to do. */
	#arm(): void {
		const next = this.#entries.peek();
		if (next === null || next.expiresUs >= this.#timerUs) return;
		this.#timer?.cancel();
		this.#timerUs = next.expiresUs;
		this.#timer = this.#clock.at(this.#timerUs, this.#expire, EXPIRY_EARLY_US);
	}

	readonly #expire = (): void => {
		this.#timer = null;
		this.#timerUs = Number.POSITIVE_INFINITY;
		const nowUs = this.#clock.nowUs() + EXPIRY_EARLY_US;
		for (;;) {
			const entry = this.#entries.peek();
			if (entry === null || entry.expiresUs > nowUs) break;
			this.#entries.remove(entry);
			this.#events.expired(entry, nowUs);
		}
		this.#arm();
		this.#events.settled();
	};
}
