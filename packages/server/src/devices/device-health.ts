// Whether a device may get work. One that failed or hung gets none until a small run on it, a probe, has succeeded.
// A request that makes its run fail costs a device no more than one probe.
//
//              run failed or hung                 answered
//   healthy ───────────────────────▶ probing ─────────────────▶ healthy
//                                     ▲   │ failed, or silent for too long
//                    the wait is over │   ▼ (waits twice as long each time)
//                                     └─ lost
import type { Clock, Timer } from "../common/clock.ts";

export type LossReason = "failed" | "hung";

export type DeviceState =
	| { readonly kind: "healthy" }
	| {
			readonly kind: "probing";
			readonly because: LossReason;
			/** Probes that did not succeed so far. */
			readonly failedProbes: number;
	  }
	| {
			readonly kind: "lost";
			readonly because: LossReason;
			readonly failedProbes: number;
			readonly retryAtUs: number;
	  };

/** A small run that tells whether a device works. */
export interface Probe {
	/** Calls `done` once, perhaps never. */
	run(done: (isAnswered: boolean) => void): void;
	/** Longer than this is silence, in µs. */
	limitUs(): number;
}

const FIRST_WAIT_US = 100_000;
const LONGEST_WAIT_US = 10_000_000;

const HEALTHY: DeviceState = { kind: "healthy" };

type Listener = (state: DeviceState, before: DeviceState) => void;

export class DeviceHealth {
	readonly #clock: Clock;
	readonly #probes = new Set<Probe>();
	readonly #listeners = new Set<Listener>();
	#state: DeviceState = HEALTHY;
	#timer: Timer | null = null;
	/** A probe that has not returned, be it silent or not: there is never a second beside it. */
	#isProbeUnderWay = false;
	#isClosed = false;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	get state(): DeviceState {
		return this.#state;
	}

	get isHealthy(): boolean {
		return this.#state.kind === "healthy";
	}

	/** Called after each change. Returns how to stop it. */
	onChange(listener: Listener): () => void {
		this.#listeners.add(listener);
		return () => {
			this.#listeners.delete(listener);
		};
	}

	/** Any of the probes that were added is used. Returns how to take it away. */
	addProbe(probe: Probe): () => void {
		this.#probes.add(probe);
		return () => {
			this.#probes.delete(probe);
		};
	}

	/** A run on it failed, or did not end in time. */
	runLost(because: LossReason): void {
		if (this.#isClosed || this.#state.kind !== "healthy") return;
		this.#probe(because, 0);
	}

	close(): void {
		this.#isClosed = true;
		this.#timer?.cancel();
		this.#listeners.clear();
		this.#probes.clear();
	}

	#probe(because: LossReason, failedProbes: number): void {
		if (this.#isProbeUnderWay) {
			this.#wait(because, failedProbes);
			return;
		}
		const [probe] = this.#probes;
		this.#setState({ kind: "probing", because, failedProbes });
		if (probe === undefined) {
			// Nobody has work for it, and so nobody can tell.
			this.#setState(HEALTHY);
			return;
		}
		this.#isProbeUnderWay = true;
		const { state } = this;
		this.#timer = this.#clock.at(this.#clock.nowUs() + probe.limitUs(), () => {
			if (this.#state === state) this.#wait(because, failedProbes + 1);
		});
		probe.run((isAnswered) => this.#probed(isAnswered, state));
	}

	#probed(isAnswered: boolean, during: DeviceState): void {
		this.#isProbeUnderWay = false;
		if (this.#isClosed) return;
		const { state } = this;
		if (state === during && state.kind === "probing") {
			this.#timer?.cancel();
			if (isAnswered) this.#setState(HEALTHY);
			else this.#wait(state.because, state.failedProbes + 1);
		} else if (state.kind === "lost" && isAnswered) {
			// The silence is over: whether it answers in time, the next probe tells.
			this.#timer?.cancel();
			this.#probe(state.because, state.failedProbes);
		}
	}

	#wait(because: LossReason, failedProbes: number): void {
		const waitUs = Math.min(
			FIRST_WAIT_US * 2 ** Math.max(failedProbes - 1, 0),
			LONGEST_WAIT_US,
		);
		const retryAtUs = this.#clock.nowUs() + waitUs;
		this.#timer = this.#clock.at(retryAtUs, () =>
			this.#probe(because, failedProbes),
		);
		this.#setState({ kind: "lost", because, failedProbes, retryAtUs });
	}

	/** The only place where the state changes. */
	#setState(state: DeviceState): void {
		const before = this.#state;
		this.#state = state;
		for (const listener of [...this.#listeners]) listener(state, before);
	}
}
