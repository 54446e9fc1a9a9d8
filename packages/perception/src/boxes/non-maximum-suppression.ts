// Greedy non-maximum suppression: the best box stays, whatever overlaps it too much goes, and so on.
// Deterministic: equal scores keep the order in which they were found.
import {
	appendDetection,
	assertCapacity,
	type Detections,
} from "./detections.ts";
import { intersectionOverUnion } from "./iou.ts";
import { sortByScore } from "./sort-by-score.ts";

export interface SuppressionOptions {
	/** A box goes when it overlaps a better one by more than this. @default 0.45 */
	readonly iouThreshold?: number;
	/** False: a box suppresses those of other classes too. @default true */
	readonly perClass?: boolean;
	/** At most so many stay, the best ones. @default all */
	readonly maxCount?: number;
}

/** Scratch for one capacity; `run` allocates nothing. */
export class NonMaximumSuppression {
	readonly #order: Int32Array;
	readonly #iouThreshold: number;
	readonly #perClass: boolean;
	readonly #maxCount: number;

	constructor(capacity: number, options: SuppressionOptions = {}) {
		this.#order = new Int32Array(capacity);
		this.#iouThreshold = options.iouThreshold ?? 0.45;
		this.#perClass = options.perClass ?? true;
		this.#maxCount = options.maxCount ?? capacity;
	}

	/**
	 * Fills `kept` with the survivors, best first; `candidates` stay as they are.
	 * @throws RangeError when there are more candidates than capacity, or `kept` is too small or the same.
	 */
	run(candidates: Detections, kept: Detections): void {
		const { count } = candidates;
		if (count > this.#order.length)
			throw new RangeError(
				`${count} candidates, but a capacity of ${this.#order.length}`,
			);
		if (kept === candidates)
			throw new RangeError("kept and candidates must be two objects");
		assertCapacity(kept, Math.min(count, this.#maxCount));
		sortByScore(this.#order, candidates.scores, count);
		kept.count = 0;
		for (let i = 0; i < count && kept.count < this.#maxCount; i++) {
			const candidate = this.#order[i]!;
			if (!this.#isSuppressed(candidates, candidate, kept))
				appendDetection(kept, candidates, candidate);
		}
	}

	#isSuppressed(
		candidates: Detections,
		candidate: number,
		kept: Detections,
	): boolean {
		const classId = candidates.classIds[candidate]!;
		for (let i = 0; i < kept.count; i++) {
			if (this.#perClass && kept.classIds[i] !== classId) continue;
			const overlap = intersectionOverUnion(
				kept.boxes,
				4 * i,
				candidates.boxes,
				4 * candidate,
			);
			if (overlap > this.#iouThreshold) return true;
		}
		return false;
	}
}
