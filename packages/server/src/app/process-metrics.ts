// Gauges of the process and the machine, set when they are read.
import os from "node:os";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { INSTRUMENTS } from "../telemetry/instruments.ts";
import type { MetricsRegistry } from "../telemetry/registry.ts";
import { copiedBytes } from "../tensor/copied-bytes.ts";
import type { NetworkCounts } from "./network.ts";

export interface ProcessSources {
	readonly bodyBytes: () => number;
	readonly network: () => NetworkCounts;
}

/** Resolution of the delay histogram in ms, which it includes in what it shows. */
const RESOLUTION_MS = 1;

export class ProcessMetrics {
	readonly #delay = monitorEventLoopDelay({
		resolution: RESOLUTION_MS,
	});
	#cpu = cpuTimes();

	constructor(registry: MetricsRegistry, sources: ProcessSources) {
		// Measuring the delay wakes the loop a thousand times a second: it begins with the first scrape.
		let isMeasuring = false;
		const gauge = (name: keyof typeof INSTRUMENTS, ...labels: string[]) =>
			registry.counter(INSTRUMENTS[name], labels);
		const quantiles = [0.5, 0.99, 1].map((share) => ({
			share,
			series: gauge("eventLoopDelay", String(share)),
		}));
		registry.onCollect(() => {
			gauge("eventLoopActive").value =
				performance.eventLoopUtilization().active / 1000;
			const network = sources.network();
			gauge("tensorCopiedBytes", "land").value = network.landedBytes;
			gauge("tensorCopiedBytes", "gather").value = copiedBytes.gather;
			gauge("tensorCopiedBytes", "unpad").value = copiedBytes.unpad;
			gauge("tensorCopiedBytes", "answer").value = network.answeredBytes;
			gauge("tensorCopiedBytes", "window").value = network.recopiedBytes;
			gauge("tensorServedBytes").value = copiedBytes.served;
			gauge("residentBytes").value = process.memoryUsage.rss();
			gauge("bodyBytes").value = sources.bodyBytes();
			gauge("connections").value = network.grpcConnections;
			gauge("cpuMemoryTotal").value = os.totalmem();
			gauge("cpuMemoryUsed").value = os.totalmem() - os.freemem();
			gauge("cpuUtilization").value = this.#utilization();
			if (!isMeasuring) {
				isMeasuring = true;
				this.#delay.enable();
				return;
			}
			for (const { share, series } of quantiles)
				series.value = Math.max(
					0,
					this.#delay.percentile(share * 100) / 1e9 - RESOLUTION_MS / 1000,
				);
			this.#delay.reset();
		});
	}

	close(): void {
		this.#delay.disable();
	}

	#utilization(): number {
		const before = this.#cpu;
		this.#cpu = cpuTimes();
		const total = this.#cpu.total - before.total;
		return total === 0 ? 0 : (this.#cpu.busy - before.busy) / total;
	}
}

function cpuTimes(): { busy: number; total: number } {
	let busy = 0;
	let total = 0;
	for (const { times } of os.cpus()) {
		const sum = times.user + times.nice + times.sys + times.irq + times.idle;
		total += sum;
		busy += sum - times.idle;
	}
	return { busy, total };
}
