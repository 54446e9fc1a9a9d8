// Many instants on one timer of the clock: what is due is fired, nothing is polled. Ten thousand items cost one timer.
import type { Clock, Timer } from "../common/clock.ts";
import { Heap, type HeapItem } from "../common/heap.ts";

/** Something that wants to be called at an instant. It is in at most one queue. */
export interface TimerItem extends HeapItem {
	/** (queue) When it is due. */
	dueUs: number;
	/** May schedule itself or others again. */
	fire(nowUs: number): void;
	/**
	 * Until when it has been put off since it was scheduled: asked before the clock is set for it and before it is fired,
	 * so that what is put off all the time costs neither a wake-up nor a move in the queue each time. @default never
	 */
	putOffUntilUs?(): number;
}

export class TimerQueue {
	readonly #clock: Clock;
	readonly #items = new Heap<TimerItem>((item) => item.dueUs);
	#timer: Timer | null = null;
	/** When the timer of the clock fires. */
	#armedUs = Number.POSITIVE_INFINITY;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	get size(): number {
		return this.#items.size;
	}

	/** At `dueUs`, in place of whatever was scheduled for it. Infinity: never. */
	schedule(item: TimerItem, dueUs: number): void {
		this.#items.remove(item);
		if (dueUs === Number.POSITIVE_INFINITY) return;
		item.dueUs = dueUs;
		this.#items.push(item);
		this.#arm();
	}

	/** No effect when it is not scheduled. */
	cancel(item: TimerItem): void {
		this.#items.remove(item);
	}

	close(): void {
		this.#timer?.cancel();
		this.#timer = null;
		for (
			let next = this.#items.peek();
			next !== null;
			next = this.#items.peek()
		)
			this.#items.remove(next);
	}

	/** A timer that comes too early costs less than one that is moved with every item. */
	#arm(): void {
		const next = this.#earliest();
		if (next === null) return;
		this.#timer?.cancel();
		this.#armedUs = next.dueUs;
		this.#timer = this.#clock.at(next.dueUs, this.#due);
	}

	/** Null: none that the timer is too late for. */
	#earliest(): TimerItem | null {
		for (;;) {
			const next = this.#items.peek();
			if (next === null || next.dueUs >= this.#armedUs) return null;
			// All others are at least as late as they say, so nothing is before it.
			if (!this.#isPutOff(next)) return next;
		}
	}

	/** True: it is in its new place. */
	#isPutOff(item: TimerItem): boolean {
		const untilUs = item.putOffUntilUs?.() ?? item.dueUs;
		if (untilUs <= item.dueUs) return false;
		this.#items.remove(item);
		if (untilUs === Number.POSITIVE_INFINITY) return true;
		item.dueUs = untilUs;
		this.#items.push(item);
		return true;
	}

	readonly #due = (): void => {
		this.#timer = null;
		// What is scheduled meanwhile is armed for at the end, once, and not for what is about to be fired.
		this.#armedUs = Number.NEGATIVE_INFINITY;
		const nowUs = this.#clock.nowUs();
		try {
			for (
				let next = this.#items.peek();
				next !== null && next.dueUs <= nowUs;
				next = this.#items.peek()
			) {
				if (this.#isPutOff(next)) continue;
				this.#items.remove(next);
				next.fire(nowUs);
			}
		} finally {
			this.#armedUs = Number.POSITIVE_INFINITY;
			this.#arm();
		}
	};
}
