// Pauses for garbage collection, as Node tells of them.
import {
	constants,
	type PerformanceEntry,
	PerformanceObserver,
} from "node:perf_hooks";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import type { Histogram, MetricsRegistry } from "../../telemetry/registry.ts";

const PARTS: readonly (readonly [kind: number, part: string])[] = [
	[constants.NODE_PERFORMANCE_GC_MINOR, "minor"],
	[constants.NODE_PERFORMANCE_GC_MAJOR, "major"],
	[constants.NODE_PERFORMANCE_GC_INCREMENTAL, "incremental"],
	[constants.NODE_PERFORMANCE_GC_WEAKCB, "weak-callbacks"],
];

/** https://nodejs.org/api/perf_hooks.html#garbage-collection-gc-details */
interface GcEntry extends PerformanceEntry {
	readonly detail: { readonly kind: number };
}

export class GcPauses {
	readonly #byKind: ReadonlyMap<number, Histogram>;
	readonly #observer: PerformanceObserver;
	#isOn = false;

	constructor(registry: MetricsRegistry) {
		this.#byKind = new Map(
			PARTS.map(([kind, part]) => [
				kind,
				registry.histogram(INSTRUMENTS.garbageCollection, [part]),
			]),
		);
		this.#observer = new PerformanceObserver((list) => {
			for (const entry of list.getEntries() as GcEntry[])
				this.#byKind.get(entry.detail.kind)?.record(entry.duration / 1000);
		});
	}

	/** From the first call on. */
	start(): void {
		if (!this.#isOn) this.#observer.observe({ entryTypes: ["gc"] });
		this.#isOn = true;
	}

	close(): void {
		this.#observer.disconnect();
	}
}
