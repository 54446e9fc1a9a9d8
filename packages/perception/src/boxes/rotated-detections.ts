// Rotated boxes on a plane as a struct of arrays, the counterpart of Detections.
import type { Detections } from "./detections.ts";
import { ROTATED_BOX_STRIDE } from "./rotated-iou.ts";

/**
 * Boxes are (centre x, centre y, length, width, yaw), five numbers each: metres and radians on the ground plane
 * (x forward, y left, yaw counter-clockwise from x, as in REP 103), or pixels for boxes of a picture.
 */
export interface RotatedDetections {
	/** How many of the entries are valid. */
	count: number;
	readonly rotatedBoxes: Float32Array;
	/** 0 … 1. */
	readonly scores: Float32Array;
	readonly classIds: Int32Array;
}

export function createRotatedDetections(capacity: number): RotatedDetections {
	return {
		count: 0,
		rotatedBoxes: new Float32Array(ROTATED_BOX_STRIDE * capacity),
		scores: new Float32Array(capacity),
		classIds: new Int32Array(capacity),
	};
}

/**
 * Upright boxes as rotated ones with yaw 0, so that pictures can be tracked like the ground plane.
 * @throws RangeError when `into` has no room for all of them.
 */
export function toRotatedDetections(
	detections: Detections,
	into: RotatedDetections,
): void {
	const { count, boxes } = detections;
	assertRotatedCapacity(into, count);
	into.count = count;
	for (let i = 0; i < count; i++) {
		const x1 = boxes[4 * i]!;
		const y1 = boxes[4 * i + 1]!;
		const x2 = boxes[4 * i + 2]!;
		const y2 = boxes[4 * i + 3]!;
		const at = ROTATED_BOX_STRIDE * i;
		into.rotatedBoxes[at] = (x1 + x2) / 2;
		into.rotatedBoxes[at + 1] = (y1 + y2) / 2;
		into.rotatedBoxes[at + 2] = x2 - x1;
		into.rotatedBoxes[at + 3] = y2 - y1;
		into.rotatedBoxes[at + 4] = 0;
		into.scores[i] = detections.scores[i]!;
		into.classIds[i] = detections.classIds[i]!;
	}
}

/** Copies entry `from` of `source` to the end of `target`, which must have room. */
export function appendRotatedDetection(
	target: RotatedDetections,
	source: RotatedDetections,
	from: number,
): void {
	const at = target.count++;
	target.scores[at] = source.scores[from]!;
	target.classIds[at] = source.classIds[from]!;
	for (let i = 0; i < ROTATED_BOX_STRIDE; i++)
		target.rotatedBoxes[ROTATED_BOX_STRIDE * at + i] =
			source.rotatedBoxes[ROTATED_BOX_STRIDE * from + i]!;
}

/** @throws RangeError when fewer than `needed` entries fit. */
export function assertRotatedCapacity(
	detections: RotatedDetections,
	needed: number,
): void {
	if (detections.scores.length < needed)
		throw new RangeError(
			`up to ${needed} rotated detections, but room for ${detections.scores.length}: create them with that capacity`,
		);
}
