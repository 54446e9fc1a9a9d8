// Percentiles of what a histogram counted since one last looked, as good as its buckets are.
import type { Histogram } from "../../telemetry/registry.ts";
import { round } from "./stream-pulse.ts";

export class BucketWatch {
	#before: Float64Array | null = null;
	/** The histogram that was watched: another one begins at zero. */
	#watched: Histogram | null = null;

	/** Null: nothing was counted. @param factor from the histogram's unit to that of the answer */
	since(
		histogram: Histogram,
		factor: number,
	): { readonly p50: number; readonly p99: number } | null {
		const { counts, bounds } = histogram;
		const before = this.#watched === histogram ? this.#before : null;
		const fresh = counts.map((count, i) => count - (before?.[i] ?? count));
		this.#before = Float64Array.from(counts);
		this.#watched = histogram;
		const total = fresh.reduce((sum, count) => sum + count, 0);
		if (total === 0) return null;
		const at = (share: number) =>
			round(factor * quantile(fresh, bounds, share));
		return { p50: at(0.5), p99: at(0.99) };
	}
}

/** Within a bucket, values are taken as spread evenly; beyond the last bound there is only that bound. */
export function quantile(
	counts: ArrayLike<number>,
	bounds: readonly number[],
	share: number,
): number {
	let total = 0;
	for (let i = 0; i < counts.length; i++) total += counts[i]!;
	let left = share * total;
	for (let i = 0; i < bounds.length; i++) {
		const count = counts[i]!;
		if (count > 0 && left <= count) {
			const low = i === 0 ? 0 : bounds[i - 1]!;
			return low + (bounds[i]! - low) * (left / count);
		}
		left -= count;
	}
	return bounds.at(-1) ?? 0;
}
