// Frames of one stream that wait, and which of them go when there are too many. Pure: it decides, the stream tells.
import type { FrameReason } from "@saccade/protocol";
import type { DropPolicy } from "../pipelines/qos-profile.ts";

/** Frames that wait, of all devices of a stream together. */
const MAX_WAITING_COUNT = 100;

export interface Waiting {
	readonly deviceId: string;
	readonly isInterrupt: boolean;
}

export interface Dropped<T> {
	readonly item: T;
	readonly reason: FrameReason;
}

export interface DropRule {
	readonly dropPolicy: DropPolicy;
	readonly depth: number;
}

/** First in, first out; interrupts before everything else. */
export class FrameQueue<T extends Waiting> {
	#items: T[] = [];
	#interruptCount = 0;
	#rule: DropRule;

	constructor(rule: DropRule) {
		this.#rule = rule;
	}

	get length(): number {
		return this.#items.length;
	}

	/** How many more may come without anything being dropped; with `keep-last`, of a device that has none waiting. */
	get room(): number {
		const { dropPolicy, depth } = this.#rule;
		const most = dropPolicy === "keep-last" ? MAX_WAITING_COUNT : depth;
		return Math.max(0, most - this.length);
	}

	[Symbol.iterator](): Iterator<T> {
		return this.#items.values();
	}

	peek(): T | null {
		return this.#items[0] ?? null;
	}

	/** Returns what had to go for it, perhaps itself; null when there was room. */
	push(item: T): Dropped<T> | null {
		if (item.isInterrupt) return this.#pushInterrupt(item);
		const { dropPolicy, depth } = this.#rule;
		if (dropPolicy === "keep-last") return this.#keepLast(item, depth);
		if (this.length < depth) {
			this.#items.push(item);
			return null;
		}
		if (dropPolicy === "drop-oldest") {
			const oldest = this.#items[this.#interruptCount];
			if (oldest === undefined) return { item, reason: "queue-full" };
			this.remove(oldest);
			this.#items.push(item);
			return { item: oldest, reason: "queue-full" };
		}
		return {
			item,
			reason: dropPolicy === "block" ? "no-credit" : "queue-full",
		};
	}

	shift(): T | null {
		const item = this.#items.shift() ?? null;
		if (item?.isInterrupt) this.#interruptCount--;
		return item;
	}

	/** False when it does not wait here. */
	remove(item: T): boolean {
		const index = this.#items.indexOf(item);
		if (index < 0) return false;
		this.#items.splice(index, 1);
		if (item.isInterrupt) this.#interruptCount--;
		return true;
	}

	/** Judges what waits by another rule, oldest first; returns what had to go. */
	setRule(rule: DropRule): Dropped<T>[] {
		const items = this.#items;
		this.#items = [];
		this.#interruptCount = 0;
		this.#rule = rule;
		const dropped: Dropped<T>[] = [];
		for (const item of items) {
			const drop = this.push(item);
			if (drop !== null) dropped.push(drop);
		}
		return dropped;
	}

	/** Empties it. */
	takeAll(): T[] {
		const items = this.#items;
		this.#items = [];
		this.#interruptCount = 0;
		return items;
	}

	#pushInterrupt(item: T): Dropped<T> | null {
		if (this.#interruptCount >= MAX_WAITING_COUNT)
			return { item, reason: "queue-full" };
		this.#items.splice(this.#interruptCount, 0, item);
		this.#interruptCount++;
		return null;
	}

	/** The newest `depth` of its device; it takes the place of the oldest, so that no device loses its turn. */
	#keepLast(item: T, depth: number): Dropped<T> | null {
		let oldestAt = -1;
		let count = 0;
		for (let i = this.#interruptCount; i < this.#items.length; i++) {
			if (this.#items[i]!.deviceId !== item.deviceId) continue;
			if (oldestAt < 0) oldestAt = i;
			count++;
		}
		if (count < depth) {
			if (this.length >= MAX_WAITING_COUNT)
				return { item, reason: "queue-full" };
			this.#items.push(item);
			return null;
		}
		const oldest = this.#items[oldestAt]!;
		this.#replace(oldestAt, item);
		return { item: oldest, reason: "newer-frame" };
	}

	/** The device's frames move up by one place each, and the newest takes the last of their places. */
	#replace(oldestAt: number, item: T): void {
		let place = oldestAt;
		for (let i = oldestAt + 1; i < this.#items.length; i++) {
			const other = this.#items[i]!;
			if (other.deviceId !== item.deviceId) continue;
			this.#items[place] = other;
			place = i;
		}
		this.#items[place] = item;
	}
}
