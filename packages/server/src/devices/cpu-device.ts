// A partition of the cores: its runs have so many threads and no more, and stay on cores that are named.
import type { Device, DeviceMemory } from "./device.ts";

export class CpuDevice implements Device {
	readonly kind = "cpu";
	readonly uuid = null;
	readonly cudaIndex = null;
	readonly name: string;
	readonly threadCount: number;
	readonly cores?: readonly number[];

	/** @param threadCount at least 1 @param cores what its runs stay on: see `Device` */
	constructor(name: string, threadCount: number, cores?: readonly number[]) {
		if (!Number.isInteger(threadCount) || threadCount < 1)
			throw new RangeError(
				`CPU device '${name}' needs at least 1 thread, got ${threadCount}`,
			);
		this.name = name;
		this.threadCount = threadCount;
		if (cores !== undefined) this.cores = cores;
	}

	/** Shared with the whole machine, which has its own gauges. */
	memory(): DeviceMemory | null {
		return null;
	}

	utilization(): number | null {
		return null;
	}
}
