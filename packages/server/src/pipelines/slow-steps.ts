// Which inline steps hold the event loop too long with frames, although they were quick with their samples. What is timed is
// the clock, not the processor: a step that was interrupted looks slow, so once in a while says nothing. A share does.
import { INLINE_LIMIT_US } from "./graph/place.ts";

export const SLOW_US = 10 * INLINE_LIMIT_US;
/** So many slow runs in a row, or a longer time with one in every ten or so. */
const MOST_SLOW = 5;
/** Slow runs that a quick one makes up for. */
const FORGIVEN = 1 / 10;

export class SlowSteps {
	readonly #debts = new Map<string, number>();
	readonly #slow = new Set<string>();

	has(step: string): boolean {
		return this.#slow.has(step);
	}

	/** @returns whether it is slow from now on, and was not before */
	observe(step: string, us: number): boolean {
		const isSlow = us >= SLOW_US;
		const debt = this.#debts.get(step) ?? 0;
		if (!isSlow && debt === 0) return false;
		const next = Math.max(0, debt + (isSlow ? 1 : -FORGIVEN));
		this.#debts.set(step, next);
		if (next < MOST_SLOW || this.#slow.has(step)) return false;
		this.#slow.add(step);
		return true;
	}
}
