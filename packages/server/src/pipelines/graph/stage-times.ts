// How long the stages of a pipeline took lately: what its budget is spent on.
import type { StageSpan } from "../pipeline.ts";

const KEPT_COUNT = 256;

interface Ring {
	readonly valuesUs: Float64Array;
	count: number;
}

export interface StageTime {
	readonly count: number;
	readonly p50Us: number;
	readonly p99Us: number;
}

export class StageTimes {
	readonly #rings = new Map<string, Ring>();

	add(stages: readonly StageSpan[]): void {
		for (const { name, beginUs, endUs } of stages) {
			let ring = this.#rings.get(name);
			if (ring === undefined) {
				ring = { valuesUs: new Float64Array(KEPT_COUNT), count: 0 };
				this.#rings.set(name, ring);
			}
			ring.valuesUs[ring.count++ % KEPT_COUNT] = endUs - beginUs;
		}
	}

	/** Of the last 256 frames; null before the first. */
	of(stage: string): StageTime | null {
		const ring = this.#rings.get(stage);
		if (ring === undefined) return null;
		const kept = Math.min(ring.count, KEPT_COUNT);
		const sorted = ring.valuesUs.slice(0, kept).sort();
		const at = (share: number) =>
			sorted[Math.min(kept - 1, Math.floor(share * kept))] ?? 0;
		return { count: ring.count, p50Us: at(0.5), p99Us: at(0.99) };
	}
}
