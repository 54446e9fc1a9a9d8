// A device that is made of a latency curve: runs go one after another and take what the curve says on the injected
// clock. It can be told to fail, to hang or to slow down, by hand or from t to t.
//
//   run ──▶ waits for the runs before it ──▶ curve (× factor while slow) ──▶ done
//                                              └ hang: done when the fault ends   └ fail: done with failure
import type { Clock, Timer } from "../common/clock.ts";
import type { Device, DeviceMemory } from "./device.ts";
import { createLatencyCurve, type LatencyCurve } from "./latency-curve.ts";

export type Fault =
	/** Runs fail at once. */
	| { readonly kind: "fail" }
	/** Runs end when the fault does. */
	| { readonly kind: "hang" }
	/** Runs that begin meanwhile take `factor` times as long. */
	| { readonly kind: "slow"; readonly factor: number };

/** A fault from t to t, in ms after the device was made. */
export interface FaultWindow {
	readonly fault: Fault;
	readonly fromMs: number;
	readonly toMs: number;
}

export interface SimulatedDeviceOptions {
	readonly name: string;
	/** Service time in ms by batch size. */
	readonly curveMs: Readonly<Record<string, number>>;
	readonly memoryBytes: number;
	readonly faults?: readonly FaultWindow[];
	readonly clock: Clock;
}

/** How a run of a simulated device ended. */
export type SimulatedEnd = "done" | "failed" | "stopped";

export class SimulatedDevice implements Device {
	readonly kind = "simulated";
	readonly uuid = null;
	readonly cudaIndex = null;
	readonly threadCount = 1;
	readonly name: string;
	readonly #curve: LatencyCurve;
	readonly #memoryBytes: number;
	readonly #clock: Clock;
	readonly #windows: Timer[] = [];
	#usedBytes = 0;
	#freeUs = Number.NEGATIVE_INFINITY;
	#fault: Fault | null = null;
	/** Runs whose time is over while the device hangs. */
	#held: SimulatedRun[] = [];

	constructor(options: SimulatedDeviceOptions) {
		this.name = options.name;
		this.#curve = createLatencyCurve(options.curveMs);
		this.#memoryBytes = options.memoryBytes;
		this.#clock = options.clock;
		const startUs = options.clock.nowUs();
		for (const { fault, fromMs, toMs } of options.faults ?? []) {
			this.#at(startUs + fromMs * 1000, () => this.setFault(fault));
			if (toMs !== Number.POSITIVE_INFINITY)
				this.#at(startUs + toMs * 1000, () => this.setFault(null));
		}
	}

	/** Null: it is well again, and what hung ends. */
	setFault(fault: Fault | null): void {
		this.#fault = fault;
		if (fault?.kind === "hang") return;
		const held = this.#held;
		this.#held = [];
		for (const run of held) this.#end(run);
	}

	/** Starts a run of `rows`; `ended` is called once, later. */
	run(rows: number, ended: (end: SimulatedEnd) => void): SimulatedRun {
		const nowUs = this.#clock.nowUs();
		const fault = this.#fault;
		let endUs = nowUs;
		if (fault?.kind !== "fail") {
			const factor = fault?.kind === "slow" ? fault.factor : 1;
			endUs =
				Math.max(nowUs, this.#freeUs) + this.#curve.serviceUs(rows) * factor;
			this.#freeUs = endUs;
		}
		const run: SimulatedRun = { endUs, ended, timer: null };
		run.timer = this.#clock.at(endUs, () => this.#end(run));
		return run;
	}

	/** Ends it early, unless the device hangs. What waits behind it keeps its time. */
	stop(run: SimulatedRun): void {
		if (this.#fault?.kind === "hang" || run.timer === null) return;
		run.timer.cancel();
		const nowUs = this.#clock.nowUs();
		if (run.endUs === this.#freeUs) this.#freeUs = nowUs;
		run.timer = this.#clock.at(nowUs, () => {
			run.timer = null;
			run.ended("stopped");
		});
	}

	/** Takes memory; false when there is not so much left. */
	claim(bytes: number): boolean {
		if (this.#usedBytes + bytes > this.#memoryBytes) return false;
		this.#usedBytes += bytes;
		return true;
	}

	release(bytes: number): void {
		this.#usedBytes -= bytes;
	}

	memory(): DeviceMemory {
		return { totalBytes: this.#memoryBytes, usedBytes: this.#usedBytes };
	}

	utilization(): number | null {
		return null;
	}

	/** No fault comes any more, and none lasts. */
	close(): void {
		for (const timer of this.#windows) timer.cancel();
		this.setFault(null);
	}

	#end(run: SimulatedRun): void {
		if (this.#fault?.kind === "hang") {
			this.#held.push(run);
			return;
		}
		run.timer = null;
		run.ended(this.#fault?.kind === "fail" ? "failed" : "done");
	}

	#at(atUs: number, callback: () => void): void {
		this.#windows.push(this.#clock.at(atUs, callback));
	}
}

/** One run under way; `timer` is null when it has ended. */
export interface SimulatedRun {
	readonly endUs: number;
	readonly ended: (end: SimulatedEnd) => void;
	timer: Timer | null;
}
