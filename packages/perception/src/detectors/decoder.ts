// What every detector head has in common.
import type { Detections } from "../boxes/detections.ts";

export type DetectorLayout = "anchor-free-grid" | "yolov5" | "yolov8";

export interface DetectorDecoder {
	readonly layout: DetectorLayout;
	readonly classCount: number;
	/** Most boxes that one output can hold: the capacity that `decode` needs. */
	readonly candidateCount: number;
	/**
	 * Replaces `into` with every box that scores above the threshold, in pixels of the network's input and not
	 * yet suppressed. Allocates nothing.
	 * @throws RangeError when the output or the room in `into` has the wrong size.
	 */
	decode(output: Float32Array, threshold: number, into: Detections): void;
}

/** Index of the largest of `count` class scores, `stride` apart; the first of equals. */
export function bestClass(
	output: Float32Array,
	at: number,
	stride: number,
	count: number,
): number {
	let best = 0;
	let bestScore = output[at]!;
	for (let id = 1; id < count; id++) {
		const score = output[at + id * stride]!;
		if (score > bestScore) {
			bestScore = score;
			best = id;
		}
	}
	return best;
}

/** Writes entry `at` as the corners of a box given by its centre and size. */
export function writeCentredBox(
	boxes: Float32Array,
	at: number,
	centreX: number,
	centreY: number,
	width: number,
	height: number,
): void {
	boxes[4 * at] = centreX - width / 2;
	boxes[4 * at + 1] = centreY - height / 2;
	boxes[4 * at + 2] = centreX + width / 2;
	boxes[4 * at + 3] = centreY + height / 2;
}
