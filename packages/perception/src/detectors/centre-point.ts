// A centre-point head on the ground plane: an object is a peak of its class's heat map, and the maps beside it
// say what stands there. https://arxiv.org/abs/1904.07850 (peaks instead of suppression),
// https://arxiv.org/abs/2006.11275 (on point clouds).

import type { RotatedDetections } from "../boxes/rotated-detections.ts";
import { ROTATED_BOX_STRIDE } from "../boxes/rotated-iou.ts";
import { assertGroundGrid, type GroundGrid } from "../grid/ground-grid.ts";
import { assertSize } from "../image/image.ts";
import { isPeak } from "./peaks.ts";

export interface CentrePointOptions {
	readonly grid: GroundGrid;
	readonly classCount: number;
	/** What the heat maps hold. @default "probabilities" */
	readonly scores?: "logits" | "probabilities";
	/**
	 * 1: sine and cosine of the yaw. 2: of twice the yaw, for sensors that cannot tell front from back; the yaw
	 * is then within ±90°, and the direction of travel is the tracker's to find. @default 1
	 */
	readonly yawHarmonic?: 1 | 2;
}

/** Planes of [rows, columns]; a network with one output gives views on its channels. */
export interface CentrePointOutput {
	/** [classes, rows, columns]. */
	readonly heatmap: Float32Array;
	/** [2, rows, columns]: the centre's x and y from the cell's lower corner, in cells. */
	readonly offset: Float32Array;
	/** [2, rows, columns]: natural logarithm of length and width in metres. */
	readonly size: Float32Array;
	/** [2, rows, columns]: sine and cosine, of any common length. */
	readonly yaw: Float32Array;
}

export class CentrePointDecoder {
	readonly classCount: number;
	readonly #grid: GroundGrid;
	readonly #isLogits: boolean;
	readonly #yawHarmonic: 1 | 2;

	/** @throws RangeError when the grid is not one. */
	constructor(options: CentrePointOptions) {
		assertGroundGrid(options.grid);
		this.classCount = options.classCount;
		this.#grid = options.grid;
		this.#isLogits = options.scores === "logits";
		this.#yawHarmonic = options.yawHarmonic ?? 1;
	}

	/**
	 * Replaces `into` with every peak that scores above the threshold (0 … 1), in metres on the ground plane and in
	 * the order of the cells. A peak is no less than its eight neighbours; of a plateau the first cell counts.
	 * When there are more peaks than room, the best stay. Allocates nothing.
	 * @throws RangeError when a map has the wrong size.
	 */
	decode(
		output: CentrePointOutput,
		threshold: number,
		into: RotatedDetections,
	): void {
		const { rows, columns } = this.#grid;
		const plane = rows * columns;
		assertSize("heatmap", output.heatmap.length, plane * this.classCount);
		assertSize("offset", output.offset.length, 2 * plane);
		assertSize("size", output.size.length, 2 * plane);
		assertSize("yaw", output.yaw.length, 2 * plane);
		const least = this.#isLogits
			? Math.log(threshold / (1 - threshold))
			: threshold;
		into.count = 0;
		let worst = -1;
		for (let classId = 0; classId < this.classCount; classId++) {
			const first = classId * plane;
			for (let cell = 0; cell < plane; cell++) {
				const value = output.heatmap[first + cell]!;
				if (!(value > least)) continue;
				if (!isPeak(output.heatmap, first, cell, rows, columns)) continue;
				const score = this.#isLogits ? 1 / (1 + Math.exp(-value)) : value;
				if (into.count < into.scores.length) {
					this.#write(output, cell, into, into.count++, score, classId);
					continue;
				}
				if (worst < 0) worst = indexOfWorst(into);
				if (worst < 0 || score <= into.scores[worst]!) continue;
				this.#write(output, cell, into, worst, score, classId);
				worst = -1;
			}
		}
	}

	#write(
		{ offset, size, yaw }: CentrePointOutput,
		cell: number,
		into: RotatedDetections,
		at: number,
		score: number,
		classId: number,
	): void {
		const { minXM, minYM, cellM, rows, columns } = this.#grid;
		const plane = rows * columns;
		const column = cell % columns;
		const row = (cell - column) / columns;
		const box = ROTATED_BOX_STRIDE * at;
		const boxes = into.rotatedBoxes;
		into.scores[at] = score;
		into.classIds[at] = classId;
		boxes[box] = minXM + (column + offset[cell]!) * cellM;
		boxes[box + 1] = minYM + (row + offset[plane + cell]!) * cellM;
		boxes[box + 2] = Math.exp(size[cell]!);
		boxes[box + 3] = Math.exp(size[plane + cell]!);
		boxes[box + 4] =
			Math.atan2(yaw[cell]!, yaw[plane + cell]!) / this.#yawHarmonic;
	}
}

function indexOfWorst(detections: RotatedDetections): number {
	let worst = -1;
	for (let i = 0; i < detections.count; i++)
		if (worst < 0 || detections.scores[i]! < detections.scores[worst]!)
			worst = i;
	return worst;
}
