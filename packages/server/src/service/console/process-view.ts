// The process and its machine. The delay of the event loop is measured only while somebody looks, since that wakes the
// loop a thousand times a second.
import os from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ServerEntry } from "@saccade/protocol/console";
import { round } from "./stream-pulse.ts";

/** Which the histogram includes in what it shows. */
const RESOLUTION_MS = 1;

export interface ProcessFacts {
	readonly connections: () => number;
	readonly bodyBytes: () => number;
	readonly bodyBudgetBytes: number;
	/** That it may use. */
	readonly cpuCount: number;
}

type ProcessEntry = Extract<ServerEntry, { readonly kind: "process" }>;

export class ProcessView {
	readonly #facts: ProcessFacts;
	readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
	#cpu = process.cpuUsage();
	#atMs = performance.now();

	constructor(facts: ProcessFacts) {
		this.#facts = facts;
	}

	watched(isWatched: boolean): void {
		if (isWatched) {
			this.#delay.reset();
			this.#delay.enable();
		} else this.#delay.disable();
	}

	entry(): ProcessEntry {
		const { connections, bodyBytes, bodyBudgetBytes, cpuCount } = this.#facts;
		const used = process.cpuUsage(this.#cpu);
		const nowMs = performance.now();
		const passedUs = Math.max(1, (nowMs - this.#atMs) * 1000);
		this.#cpu = process.cpuUsage();
		this.#atMs = nowMs;
		const { rss, heapUsed } = process.memoryUsage();
		const delayMs = (ns: number) =>
			round(Math.max(0, (ns || 0) / 1e6 - RESOLUTION_MS));
		const entry: ProcessEntry = {
			kind: "process",
			cpu: round((used.user + used.system) / passedUs / cpuCount),
			cpuCount,
			residentBytes: rss,
			heapBytes: heapUsed,
			machineMemoryBytes: os.totalmem(),
			machineMemoryUsedBytes: os.totalmem() - os.freemem(),
			loopDelayP50Ms: delayMs(this.#delay.percentile(50)),
			loopDelayP99Ms: delayMs(this.#delay.percentile(99)),
			loopDelayMaxMs: delayMs(this.#delay.max),
			connections: connections(),
			bodyBytes: bodyBytes(),
			bodyBudgetBytes,
		};
		this.#delay.reset();
		return entry;
	}
}
