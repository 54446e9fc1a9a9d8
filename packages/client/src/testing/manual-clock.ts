// Time that moves when a test says so.
import type { ClientClock } from "../streams/client-clock.ts";

export class ManualClock implements ClientClock {
	#nowNs = 0n;
	#timers: { readonly atNs: bigint; readonly run: () => void }[] = [];

	nowNs(): bigint {
		return this.#nowNs;
	}

	after(ms: number, run: () => void): () => void {
		const timer = { atNs: this.#nowNs + BigInt(Math.round(ms * 1e6)), run };
		this.#timers.push(timer);
		return () => {
			this.#timers = this.#timers.filter((one) => one !== timer);
		};
	}

	get timerCount(): number {
		return this.#timers.length;
	}

	/** Runs what is due, in order. @param options.runsTimers false: as on an event loop that is busy */
	advance(ms: number, { runsTimers = true } = {}): void {
		const endNs = this.#nowNs + BigInt(Math.round(ms * 1e6));
		for (;;) {
			const [next] = this.#timers.toSorted((a, b) => Number(a.atNs - b.atNs));
			if (!runsTimers || next === undefined || next.atNs > endNs) break;
			if (next.atNs > this.#nowNs) this.#nowNs = next.atNs;
			this.#timers = this.#timers.filter((one) => one !== next);
			next.run();
		}
		this.#nowNs = endNs;
	}
}
