// The budget of memory for models, from the options, and what is taken of it.
import type { ServerOptions } from "../config/options.ts";
import type { DeviceManager } from "../devices/device-manager.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import {
	ModelMemory,
	type ModelMemoryOptions,
} from "../models/budget/model-memory.ts";
import { INSTRUMENTS } from "../telemetry/instruments.ts";
import type { MetricsRegistry } from "../telemetry/registry.ts";

/** Null: there is no limit. Throws INVALID_ARGUMENT for the budget of a device that is not there. */
export function createModelMemory(
	{ modelMemoryBudget, loadOnDemand }: ServerOptions,
	devices: readonly { readonly name: string }[],
	{ idle, evict }: Pick<ModelMemoryOptions, "idle" | "evict">,
): ModelMemory | null {
	const limits = new Map(
		modelMemoryBudget.map(({ device, bytes }) => [
			device,
			bytes === 0 ? Number.POSITIVE_INFINITY : bytes,
		]),
	);
	const names = devices.map(({ name }) => name);
	for (const device of limits.keys())
		if (device !== null && !names.includes(device))
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`--model-memory-budget names the device '${device}'; there are ${names.join(", ")}`,
			);
	const limitOf = (device: string) =>
		limits.get(device) ?? limits.get(null) ?? Number.POSITIVE_INFINITY;
	if (names.every((name) => limitOf(name) === Number.POSITIVE_INFINITY))
		return null;
	return new ModelMemory({
		limitOf,
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
