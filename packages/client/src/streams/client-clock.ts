// The time of a stream: the clock of its timestamps, and timers that wait for it. Never the wall clock, which steps.
export interface ClientClock {
	/** On the clock of the timestamps. */
	nowNs(): bigint;
	/** Calls once, after `ms` on a monotonic clock. @returns cancels */
	after(ms: number, run: () => void): () => void;
}

/** Monotonic, from any origin: for timestamps of a stream whose clock the server is to estimate. */
export const performanceClock: ClientClock = {
	nowNs: () => BigInt(Math.round(performance.now() * 1e6)),
	after: (ms, run) => {
		const timer = setTimeout(run, ms);
		return () => clearTimeout(timer);
	},
};
