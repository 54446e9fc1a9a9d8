// Boxes as a struct of arrays: the caller allocates once, decoders and filters fill it on every frame.

/** Boxes are (x1, y1, x2, y2), four numbers each, in pixels; they may reach outside the image. */
export interface Detections {
	/** How many of the entries are valid. */
	count: number;
	readonly boxes: Float32Array;
	/** 0 … 1. */
	readonly scores: Float32Array;
	readonly classIds: Int32Array;
}

export function createDetections(capacity: number): Detections {
	return {
		count: 0,
		boxes: new Float32Array(4 * capacity),
		scores: new Float32Array(capacity),
		classIds: new Int32Array(capacity),
	};
}

/** Copies entry `from` of `source` to the end of `target`, which must have room. */
export function appendDetection(
	target: Detections,
	source: Detections,
	from: number,
): void {
	const at = target.count++;
	target.scores[at] = source.scores[from]!;
	target.classIds[at] = source.classIds[from]!;
	for (let side = 0; side < 4; side++)
		target.boxes[4 * at + side] = source.boxes[4 * from + side]!;
}

/** @throws RangeError when fewer than `needed` entries fit. */
export function assertCapacity(detections: Detections, needed: number): void {
	if (detections.scores.length < needed)
		throw new RangeError(
			`up to ${needed} detections, but room for ${detections.scores.length}: create them with that capacity`,
		);
}
