// The one source of time for everything that schedules or waits: monotonic, in microseconds.
// Wall-clock time appears only where a protocol or a log line asks for it.

export interface Timer {
	cancel(): void;
}

export interface Clock {
	/** Monotonic microseconds with a fraction; the origin is arbitrary. */
	nowUs(): number;
	/** Runs `callback` once, never before `atUs`. A pending timer does not keep the process alive. */
	at(atUs: number, callback: () => void): Timer;
}

// setTimeout takes at most 2^31-1 ms; later instants are reached in several hops.
const LONGEST_TIMEOUT_MS = 0x7fff_ffff;

class SystemTimer implements Timer {
	readonly #atUs: number;
	readonly #callback: () => void;
	#handle: NodeJS.Timeout | null = null;

	constructor(atUs: number, callback: () => void) {
		this.#atUs = atUs;
		this.#callback = callback;
		this.#arm();
	}

	cancel(): void {
		if (this.#handle !== null) clearTimeout(this.#handle);
		this.#handle = null;
	}

	#arm(): void {
		const delayMs = (this.#atUs - systemClock.nowUs()) / 1000;
		// Rounded up: Node truncates the delay, and a deadline must never be called early.
		const waitMs = Math.min(
			Math.max(Math.ceil(delayMs), 0),
			LONGEST_TIMEOUT_MS,
		);
		this.#handle = setTimeout(this.#fire, waitMs);
		this.#handle.unref();
	}

	readonly #fire = (): void => {
		if (systemClock.nowUs() < this.#atUs) {
			this.#arm();
			return;
		}
		this.#handle = null;
		this.#callback();
	};
}

export const systemClock: Clock = {
	nowUs: () => performance.now() * 1000,
	at: (atUs, callback) => new SystemTimer(atUs, callback),
};

/** `clock`, whose instants are `byUs` later: the clock of another thread, as this thread's own tells it. */
export function shiftedClock(clock: Clock, byUs: number): Clock {
	return {
		nowUs: () => clock.nowUs() + byUs,
		at: (atUs, callback) => clock.at(atUs - byUs, callback),
	};
}
