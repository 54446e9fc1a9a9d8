import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type { MetricsRegistry } from "../../telemetry/registry.ts";
import type { Foxglove } from "./foxglove.ts";

/** @param foxglove null: nobody is served */
export function collectFoxgloveMetrics(
	registry: MetricsRegistry,
	foxglove: Foxglove | null,
): void {
	const viewers = registry.counter(INSTRUMENTS.foxgloveViewers, []);
	const lost = registry.counter(INSTRUMENTS.foxgloveLost, []);
	if (foxglove === null) return;
	registry.onCollect(() => {
		const stats = foxglove.stats();
		viewers.value = stats.viewerCount;
		lost.value = stats.lostCount;
	});
}
