// Fragmentation of the memory that CPU devices share, read beside the loop whenever somebody scrapes.
import type { LogicalDevice } from "../../devices/device-manager.ts";
import {
	fragmentationOf,
	type HostMemoryReading,
	readHostMemory,
} from "../../devices/host-memory.ts";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type { MetricsRegistry } from "../../telemetry/registry.ts";

export interface HostMemorySources {
	/** Null: it cannot be known here. */
	readonly read?: () => Promise<HostMemoryReading | null>;
	/** Of JavaScript, resident as well. */
	readonly heapBytes?: () => number;
}

/** No series where nothing is known. Resolves when the first reading is there. */
export async function collectHostMemory(
	registry: MetricsRegistry,
	devices: readonly LogicalDevice[],
	{
		read = readHostMemory,
		heapBytes = () => process.memoryUsage().heapTotal,
	}: HostMemorySources = {},
): Promise<void> {
	const names = devices
		.filter(({ device }) => device.kind === "cpu")
		.map(({ name }) => name);
	let isReading = false;
	const look = async () => {
		if (isReading || names.length === 0) return;
		isReading = true;
		const reading = await read().catch(() => null);
		isReading = false;
		if (reading === null) return;
		const ratio = fragmentationOf(reading, heapBytes());
		for (const name of names)
			registry.counter(INSTRUMENTS.fragmentation, [name]).value = ratio;
	};
	// What a scrape shows was read when the one before came.
	registry.onCollect(() => void look());
	await look();
}
