// The event loop's delay as a histogram that only grows, so that any number of readers can each take differences. Node
// measures into a finer one, which is read out and begun anew with each look.
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Histogram } from "../../telemetry/registry.ts";

/** Of the timer that comes late, in ms; what Node shows includes it. */
const RESOLUTION_MS = 1;
const RESOLUTION_NS = RESOLUTION_MS * 1e6;

/** What Node tells of a histogram. */
export interface RankedValues {
	readonly count: number;
	readonly min: number;
	readonly max: number;
	percentile(percentile: number): number;
}

export class LoopDelay {
	readonly #native = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
	readonly #to: Histogram;
	#isOn = false;

	constructor(to: Histogram) {
		this.#to = to;
	}

	/** Measuring wakes the loop a thousand times a second: it begins with the first look. */
	look(): void {
		if (this.#isOn) this.#readOut();
		else this.#native.enable();
		this.#isOn = true;
	}

	close(): void {
		this.#native.disable();
	}

	#readOut(): void {
		const { count, mean } = this.#native;
		if (count === 0) return;
		let below = 0;
		for (const [index, bound] of this.#to.bounds.entries()) {
			const upTo = countUpTo(this.#native, bound * 1e9 + RESOLUTION_NS);
			this.#to.counts[index]! += upTo - below;
			below = upTo;
		}
		this.#to.counts[this.#to.bounds.length]! += count - below;
		this.#to.count += count;
		this.#to.sum += (Math.max(0, mean - RESOLUTION_NS) * count) / 1e9;
		this.#native.reset();
	}
}

/** How many of what was measured are at most `ns`: Node tells values by rank, so the rank is searched for. */
export function countUpTo(histogram: RankedValues, ns: number): number {
	const { count, max, min } = histogram;
	if (max <= ns) return count;
	if (min > ns) return 0;
	let low = 0;
	let high = count;
	while (high - low > 1) {
		const middle = (low + high) >> 1;
		if (histogram.percentile((100 * middle) / count) <= ns) low = middle;
		else high = middle;
	}
	return low;
}
