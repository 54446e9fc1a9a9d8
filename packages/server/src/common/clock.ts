// The one source of time for everything that schedules or waits: monotonic, in microseconds.
// Wall-clock time appears only where a protocol or a log line asks for it.

export interface Timer {
	cancel(): void;
}

export interface Clock {
	/** Monotonic microseconds with a fraction; the origin is arbitrary. */
	nowUs(): number;
	/**
	 * Runs `callback` once, never before `atUs`, or at most `earlyUs` before it; in the next turn of the loop where
	 * `atUs` has passed. A pending timer does not keep the process alive. @default 0
	 */
	at(atUs: number, callback: () => void, earlyUs?: number): Timer;
}

/**
 * How early an expiry may be told: half of the millisecond that timers can tell apart. Waiting for the rest of it
 * would tell most of them later than that.
 */
export const EXPIRY_EARLY_US = 500;

// setTimeout takes at most 2^31-1 ms; later instants are reached in several hops.
const LONGEST_TIMEOUT_MS = 0x7fff_ffff;

class SystemTimer implements Timer {
	/** The earliest instant at which it may fire. */
	readonly #fromUs: number;
	readonly #atUs: number;
	readonly #callback: () => void;
	#handle: NodeJS.Timeout | null = null;
	#immediate: NodeJS.Immediate | null = null;

	constructor(atUs: number, callback: () => void, earlyUs: number) {
		this.#fromUs = atUs - earlyUs;
		this.#atUs = atUs;
		this.#callback = callback;
		this.#arm();
	}

	cancel(): void {
		if (this.#handle !== null) clearTimeout(this.#handle);
		if (this.#immediate !== null) clearImmediate(this.#immediate);
		this.#handle = null;
		this.#immediate = null;
	}

	#arm(): void {
		const delayMs = (this.#atUs - systemClock.nowUs()) / 1000;
		// A timeout of 0 waits for a millisecond, or not at all where the loop's own time is old.
		if (delayMs <= 0) {
			// Not unref'ed: the loop would not come to it before something else wakes it.
			this.#immediate = setImmediate(this.#callback);
			return;
		}
		// Node truncates the delay and counts from the start of the loop's turn, so the timer comes up to 2 ms early,
		// and then waits once more: rounded up, it would come up to 2 ms late.
		const waitMs = Math.min(delayMs, LONGEST_TIMEOUT_MS);
		this.#handle = setTimeout(this.#fire, waitMs);
		this.#handle.unref();
	}

	readonly #fire = (): void => {
		if (systemClock.nowUs() < this.#fromUs) {
			this.#arm();
			return;
		}
		this.#handle = null;
		this.#callback();
	};
}

export const systemClock: Clock = {
	nowUs: () => performance.now() * 1000,
	at: (atUs, callback, earlyUs = 0) => new SystemTimer(atUs, callback, earlyUs),
};

/** `clock`, whose instants are `byUs` later: the clock of another thread, as this thread's own tells it. */
export function shiftedClock(clock: Clock, byUs: number): Clock {
	return {
		nowUs: () => clock.nowUs() + byUs,
		at: (atUs, callback) => clock.at(atUs - byUs, callback),
	};
}
