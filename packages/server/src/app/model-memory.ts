// The budget of memory for models, from the options, and what is taken of it.
import type { ServerOptions } from "../config/options.ts";
import type { DeviceManager } from "../devices/device-manager.ts";
import {
	ModelMemory,
	type ModelMemoryOptions,
} from "../models/budget/model-memory.ts";
import { INSTRUMENTS } from "../telemetry/instruments.ts";
import type { MetricsRegistry } from "../telemetry/registry.ts";

/** Null: there is no limit. */
export function createModelMemory(
	{ modelMemoryBudget, loadOnDemand }: ServerOptions,
	{ idle, evict }: Pick<ModelMemoryOptions, "idle" | "evict">,
): ModelMemory | null {
	if (modelMemoryBudget === 0) return null;
	return new ModelMemory({
		limitOf: () => modelMemoryBudget,
		idle,
		// What nobody would load again must not go.
		evict: loadOnDemand ? evict : null,
	});
}

export function collectMemoryMetrics(
	registry: MetricsRegistry,
	memory: ModelMemory,
	{ devices }: DeviceManager,
): void {
	const gauges = devices.map(({ name }) => ({
		name,
		gauge: registry.counter(INSTRUMENTS.modelMemory, [name]),
	}));
	registry.onCollect(() => {
		for (const { name, gauge } of gauges) gauge.value = memory.usedBytes(name);
	});
}
