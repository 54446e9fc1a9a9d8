// Deadlines of many short calls, almost none of which fire: a hashed wheel (Varghese and Lauck, 1987), so that a
// call costs a list insertion and no timer. Calls end up to one slot late, never early.

const SLOT_COUNT = 512;
const SLOT_US = 4000;

export interface WheelEntry {
	readonly deadlineUs: number;
	expire(): void;
	/** (wheel) */
	wheelNext: WheelEntry | null;
	wheelPrevious: WheelEntry | null;
	wheelSlot: number;
}

export class DeadlineWheel {
	readonly #nowUs: () => number;
	readonly #slots: (WheelEntry | null)[] = new Array(SLOT_COUNT).fill(null);
	#count = 0;
	#tick = 0;
	#timer: NodeJS.Timeout | null = null;

	constructor(nowUs: () => number) {
		this.#nowUs = nowUs;
	}

	add(entry: WheelEntry): void {
		if (this.#count === 0) this.#start();
		this.#count++;
		const tick = Math.max(
			Math.ceil(entry.deadlineUs / SLOT_US),
			this.#tick + 1,
		);
		const slot = tick % SLOT_COUNT;
		const head = this.#slots[slot] ?? null;
		entry.wheelSlot = slot;
		entry.wheelPrevious = null;
		entry.wheelNext = head;
		if (head !== null) head.wheelPrevious = entry;
		this.#slots[slot] = entry;
	}

	/** No effect when the entry is not in the wheel. */
	remove(entry: WheelEntry): void {
		if (entry.wheelSlot < 0) return;
		if (entry.wheelPrevious === null)
			this.#slots[entry.wheelSlot] = entry.wheelNext;
		else entry.wheelPrevious.wheelNext = entry.wheelNext;
		if (entry.wheelNext !== null)
			entry.wheelNext.wheelPrevious = entry.wheelPrevious;
		entry.wheelNext = null;
		entry.wheelPrevious = null;
		entry.wheelSlot = -1;
		this.#count--;
		if (this.#count === 0) this.#stop();
	}

	#start(): void {
		this.#tick = Math.floor(this.#nowUs() / SLOT_US);
		this.#timer = setInterval(() => this.advance(), SLOT_US / 1000);
		this.#timer.unref();
	}

	#stop(): void {
		if (this.#timer !== null) clearInterval(this.#timer);
		this.#timer = null;
	}

	/** Fires what is due; called by the wheel's own timer. */
	advance(): void {
		const nowUs = this.#nowUs();
		const until = Math.floor(nowUs / SLOT_US);
		// After a long stall each slot is looked at once, not once per missed turn.
		const from = Math.max(this.#tick + 1, until - SLOT_COUNT + 1);
		this.#tick = until;
		for (let tick = from; tick <= until && this.#count > 0; tick++)
			this.#fireSlot(tick % SLOT_COUNT, nowUs);
	}

	#fireSlot(slot: number, nowUs: number): void {
		// Collected first: what one entry does when it expires may remove others.
		const due: WheelEntry[] = [];
		let entry = this.#slots[slot] ?? null;
		for (; entry !== null; entry = entry.wheelNext)
			if (entry.deadlineUs <= nowUs) due.push(entry);
		for (const expired of due) {
			if (expired.wheelSlot < 0) continue;
			this.remove(expired);
			expired.expire();
		}
	}
}
