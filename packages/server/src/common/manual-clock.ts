import type { Clock, Timer } from "./clock.ts";

interface Pending extends Timer {
	readonly atUs: number;
	readonly order: number;
	readonly callback: () => void;
}

/** A clock that moves only when told: tests state interleavings instead of waiting for them. */
export class ManualClock implements Clock {
	#nowUs: number;
	#order = 0;
	readonly #pending = new Set<Pending>();

	constructor(startUs = 0) {
		this.#nowUs = startUs;
	}

	nowUs(): number {
		return this.#nowUs;
	}

	at(atUs: number, callback: () => void): Timer {
		const pending: Pending = {
			atUs,
			order: this.#order++,
			callback,
			cancel: () => {
				this.#pending.delete(pending);
			},
		};
		this.#pending.add(pending);
		return pending;
	}

	/** Timers that have neither fired nor been cancelled: for leak assertions. */
	get pendingCount(): number {
		return this.#pending.size;
	}

	/** Moves time forward, firing due timers in order, each at its own instant. */
	advance(byUs: number): void {
		const untilUs = this.#nowUs + byUs;
		for (;;) {
			const next = this.#earliest(untilUs);
			if (next === null) break;
			this.#pending.delete(next);
			this.#nowUs = Math.max(this.#nowUs, next.atUs);
			next.callback();
		}
		this.#nowUs = untilUs;
	}

	#earliest(untilUs: number): Pending | null {
		let best: Pending | null = null;
		for (const timer of this.#pending) {
			if (timer.atUs > untilUs) continue;
			if (
				best === null ||
				timer.atUs < best.atUs ||
				(timer.atUs === best.atUs && timer.order < best.order)
			) {
				best = timer;
			}
		}
		return best;
	}
}
