// Greedy non-maximum suppression of rotated boxes: as NonMaximumSuppression, by the overlap of rotated boxes. It has a
// loop of its own: one that is told which overlap to ask for is slower, since it inlines neither.
import type { SuppressionOptions } from "./non-maximum-suppression.ts";
import {
	appendRotatedDetection,
	assertRotatedCapacity,
	type RotatedDetections,
} from "./rotated-detections.ts";
import {
	ROTATED_BOX_STRIDE,
	rotatedIntersectionOverUnion,
} from "./rotated-iou.ts";
import { sortByScore } from "./sort-by-score.ts";

// Objects on the ground do not overlap, so far less is allowed than in a picture.
const DEFAULT_IOU_THRESHOLD = 0.2;

/** Scratch for one capacity; `run` allocates nothing. The default `iouThreshold` is 0.2. */
export class RotatedSuppression {
	readonly #order: Int32Array;
	readonly #iouThreshold: number;
	readonly #perClass: boolean;
	readonly #maxCount: number;

	constructor(capacity: number, options: SuppressionOptions = {}) {
		this.#order = new Int32Array(capacity);
		this.#iouThreshold = options.iouThreshold ?? DEFAULT_IOU_THRESHOLD;
		this.#perClass = options.perClass ?? true;
		this.#maxCount = options.maxCount ?? capacity;
	}

	/**
	 * Fills `kept` with the survivors, best first; `candidates` stay as they are.
	 * @throws RangeError when there are more candidates than capacity, or `kept` is too small or the same.
	 */
	run(candidates: RotatedDetections, kept: RotatedDetections): void {
		const { count } = candidates;
		if (count > this.#order.length)
			throw new RangeError(
				`${count} candidates, but a capacity of ${this.#order.length}`,
			);
		if (kept === candidates)
			throw new RangeError("kept and candidates must be two objects");
		assertRotatedCapacity(kept, Math.min(count, this.#maxCount));
		sortByScore(this.#order, candidates.scores, count);
		kept.count = 0;
		for (let i = 0; i < count && kept.count < this.#maxCount; i++) {
			const candidate = this.#order[i]!;
			if (!this.#isSuppressed(candidates, candidate, kept))
				appendRotatedDetection(kept, candidates, candidate);
		}
	}

	#isSuppressed(
		candidates: RotatedDetections,
		candidate: number,
		kept: RotatedDetections,
	): boolean {
		const classId = candidates.classIds[candidate]!;
		for (let i = 0; i < kept.count; i++) {
			if (this.#perClass && kept.classIds[i] !== classId) continue;
			const overlap = rotatedIntersectionOverUnion(
				kept.rotatedBoxes,
				ROTATED_BOX_STRIDE * i,
				candidates.rotatedBoxes,
				ROTATED_BOX_STRIDE * candidate,
			);
			if (overlap > this.#iouThreshold) return true;
		}
		return false;
	}
}
