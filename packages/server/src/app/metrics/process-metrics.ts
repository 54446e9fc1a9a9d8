// Gauges of the process and the machine, set when they are read.
import os from "node:os";
import { performance } from "node:perf_hooks";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type { MetricsRegistry } from "../../telemetry/registry.ts";
import type { ByteBudget } from "../../tensor/byte-budget.ts";
import { copiedBytes } from "../../tensor/copied-bytes.ts";
import type { NetworkCounts } from "../network/network.ts";
import { GcPauses } from "./gc-pauses.ts";
import { LoopDelay } from "./loop-delay.ts";
import { MachineCpu } from "./machine-cpu.ts";

export interface ProcessSources {
	readonly budget: ByteBudget;
	readonly network: () => NetworkCounts;
}

export class ProcessMetrics {
	readonly #delay: LoopDelay;
	readonly #pauses: GcPauses;

	constructor(registry: MetricsRegistry, sources: ProcessSources) {
		this.#delay = new LoopDelay(
			registry.histogram(INSTRUMENTS.eventLoopDelay, []),
		);
		this.#pauses = new GcPauses(registry);
		const cpu = new MachineCpu();
		const gauge = (name: keyof typeof INSTRUMENTS, ...labels: string[]) =>
			registry.counter(INSTRUMENTS[name], labels);
		registry.onCollect(() => {
			this.#delay.look();
			this.#pauses.start();
			gauge("eventLoopActive").value =
				performance.eventLoopUtilization().active / 1000;
		});
		registry.onCollect(() => {
			const network = sources.network();
			gauge("tensorCopiedBytes", "land").value = network.landedBytes;
			gauge("tensorCopiedBytes", "gather").value = copiedBytes.gather;
			gauge("tensorCopiedBytes", "unpad").value = copiedBytes.unpad;
			gauge("tensorCopiedBytes", "answer").value = network.answeredBytes;
			gauge("tensorCopiedBytes", "window").value = network.recopiedBytes;
			gauge("tensorServedBytes").value = copiedBytes.served;
			gauge("connections").value = network.grpcConnections;
			gauge("bodyBytes").value = sources.budget.usedBytes;
			gauge("bodyLimitBytes").value = sources.budget.limitBytes;
			gauge("slots").value = network.bodyLeases;
			gauge("slotAllocations").value = network.slotAllocations;
			gauge("slotIdleBytes").value = network.slotIdleBytes;
			gauge("overflow").value = registry.overflowCount;
		});
		registry.onCollect(() => {
			const memory = process.memoryUsage();
			gauge("residentBytes").value = memory.rss;
			gauge("heapBytes", "used").value = memory.heapUsed;
			gauge("heapBytes", "free").value = memory.heapTotal - memory.heapUsed;
			gauge("heapBytes", "buffers").value = memory.external;
			const { user, system } = process.cpuUsage();
			gauge("processCpu", "user").value = user / 1e6;
			gauge("processCpu", "system").value = system / 1e6;
			gauge("cpuMemoryTotal").value = os.totalmem();
			gauge("cpuMemoryUsed").value = os.totalmem() - os.freemem();
			gauge("cpuUtilization").value = cpu.utilization();
		});
	}

	close(): void {
		this.#delay.close();
		this.#pauses.close();
	}
}
