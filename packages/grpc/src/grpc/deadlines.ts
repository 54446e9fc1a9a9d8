// Deadlines of many short calls, almost none of which fire: a hashed wheel (Varghese and Lauck, 1987), so that a
// call costs a list insertion. One timer stands at the earliest deadline that was seen; it is left where it is when
// that call ends, and then finds nothing to do. Timers know whole milliseconds, so a call may end half of one early.

const SLOT_COUNT = 512;
const SLOT_US = 4000;
/** The timer never stands further ahead than one turn: an idle wheel has none, and a search ends. */
const TURN_US = SLOT_COUNT * SLOT_US;
/** Half of what a timer can tell apart: waiting for the rest would make most calls later than that. */
const EARLY_US = 500;

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
	/** Everything before this tick has fired. */
	#tick = 0;
	#timer: NodeJS.Timeout | null = null;
	#timerUs = Number.POSITIVE_INFINITY;

	constructor(nowUs: () => number) {
		this.#nowUs = nowUs;
	}

	add(entry: WheelEntry): void {
		const { deadlineUs } = entry;
		if (this.#count === 0) this.#tick = tickOf(this.#nowUs());
		this.#count++;
		const slot = Math.max(tickOf(deadlineUs), this.#tick) % SLOT_COUNT;
		const head = this.#slots[slot] ?? null;
		entry.wheelSlot = slot;
		entry.wheelPrevious = null;
		entry.wheelNext = head;
		if (head !== null) head.wheelPrevious = entry;
		this.#slots[slot] = entry;
		if (deadlineUs < this.#timerUs) this.#arm(deadlineUs);
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
	}

	#arm(deadlineUs: number): void {
		const nowUs = this.#nowUs();
		this.#timerUs = Math.min(deadlineUs, nowUs + TURN_US);
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#timer = setTimeout(
			this.#due,
			Math.max(0, this.#timerUs - nowUs) / 1000,
		);
		this.#timer.unref();
	}

	/** Fires what is due, and waits for what is next. */
	readonly #due = (): void => {
		this.#timer = null;
		this.#timerUs = Number.POSITIVE_INFINITY;
		const dueUs = this.#nowUs() + EARLY_US;
		const until = tickOf(dueUs);
		// After a long stall each slot is looked at once, not once per missed turn.
		const from = Math.max(this.#tick, until - SLOT_COUNT + 1);
		this.#tick = until;
		for (let tick = from; tick <= until && this.#count > 0; tick++)
			this.#fireSlot(tick % SLOT_COUNT, dueUs);
		// What fired may have added calls.
		const nextUs = this.#count === 0 ? this.#timerUs : this.#earliestUs();
		if (nextUs < this.#timerUs) this.#arm(nextUs);
	};

	#fireSlot(slot: number, dueUs: number): void {
		// Collected first: what one entry does when it expires may remove others.
		const due: WheelEntry[] = [];
		let entry = this.#slots[slot] ?? null;
		for (; entry !== null; entry = entry.wheelNext)
			if (entry.deadlineUs <= dueUs) due.push(entry);
		for (const expired of due) {
			if (expired.wheelSlot < 0) continue;
			this.remove(expired);
			expired.expire();
		}
	}

	/** Of this turn; where it holds none, any instant after it. */
	#earliestUs(): number {
		for (let tick = this.#tick; tick < this.#tick + SLOT_COUNT; tick++) {
			let earliestUs = (tick + 1) * SLOT_US;
			let isFound = false;
			let entry = this.#slots[tick % SLOT_COUNT] ?? null;
			for (; entry !== null; entry = entry.wheelNext) {
				if (entry.deadlineUs >= earliestUs) continue;
				earliestUs = entry.deadlineUs;
				isFound = true;
			}
			if (isFound) return earliestUs;
		}
		return (this.#tick + SLOT_COUNT) * SLOT_US;
	}
}

function tickOf(atUs: number): number {
	return Math.floor(atUs / SLOT_US);
}
