// The time of a stream: the clock of its timestamps, and timers that wait for it. Never the wall clock, which steps.
import { ClientError } from "../client-error.ts";
import type { Opening } from "./opening.ts";

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

/**
 * By the clock domain of an opening: CLOCK_MONOTONIC of this machine, or from the start of the process.
 * @throws ClientError UNSUPPORTED where a runtime does not tell CLOCK_MONOTONIC, as browsers do not.
 */
export function clockOf({ clockDomain }: Opening): ClientClock {
	if (clockDomain !== "host-monotonic") return performanceClock;
	const { process } = globalThis as {
		readonly process?: { readonly hrtime?: { readonly bigint?: () => bigint } };
	};
	const nowNs = process?.hrtime?.bigint;
	if (nowNs === undefined)
		throw new ClientError(
			"UNSUPPORTED",
			"clock domain 'host-monotonic' is for programs on the server's machine that can read CLOCK_MONOTONIC; leave it out, or give a clock",
		);
	return { nowNs, after: performanceClock.after };
}
