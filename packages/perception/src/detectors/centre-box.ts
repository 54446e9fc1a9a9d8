// A centre-point head on a picture: an object is a peak of its class's heat map, and four maps beside it tell how far its
// edges are. https://arxiv.org/abs/1904.07850, with the distances of https://arxiv.org/abs/1904.01355.
import { assertCapacity, type Detections } from "../boxes/detections.ts";
import { assertSize } from "../image/image.ts";
import { isPeak } from "./peaks.ts";

export interface CentreBoxShape {
	readonly classCount: number;
	readonly rows: number;
	readonly columns: number;
	/** Pixels of the network's input per cell. */
	readonly stridePx: number;
	/** Most boxes of one picture; when there are more, those met first stay. @default 256 */
	readonly maxCount?: number;
}

/** Planes of [rows, columns]. */
export interface CentreBoxOutput {
	/** [classes, rows, columns], logits. */
	readonly heatmap: Float32Array;
	/** [4, rows, columns]: natural logarithms of the pixels from the cell's centre to the left, upper, right and lower edge. */
	readonly edges: Float32Array;
}

export class CentreBoxDecoder {
	readonly classCount: number;
	/** The capacity that `decode` needs. */
	readonly maxCount: number;
	readonly #shape: CentreBoxShape;

	constructor(shape: CentreBoxShape) {
		this.#shape = shape;
		this.classCount = shape.classCount;
		this.maxCount = shape.maxCount ?? 256;
	}

	/**
	 * Replaces `into` with every peak that scores above the threshold (0 … 1), in pixels of the network's input and in the
	 * order of classes and cells. Allocates nothing.
	 * @throws RangeError when a map has the wrong size or `into` too little room.
	 */
	decode(output: CentreBoxOutput, threshold: number, into: Detections): void {
		const { rows, columns } = this.#shape;
		const plane = rows * columns;
		assertSize("heatmap", output.heatmap.length, plane * this.classCount);
		assertSize("edges", output.edges.length, 4 * plane);
		assertCapacity(into, this.maxCount);
		const least = Math.log(threshold / (1 - threshold));
		into.count = 0;
		for (let classId = 0; classId < this.classCount; classId++) {
			const first = classId * plane;
			for (let cell = 0; cell < plane; cell++) {
				const value = output.heatmap[first + cell]!;
				if (!(value > least) || into.count === this.maxCount) continue;
				if (!isPeak(output.heatmap, first, cell, rows, columns)) continue;
				const at = into.count++;
				into.scores[at] = 1 / (1 + Math.exp(-value));
				into.classIds[at] = classId;
				this.#write(output.edges, cell, into.boxes, 4 * at);
			}
		}
	}

	#write(
		edges: Float32Array,
		cell: number,
		boxes: Float32Array,
		at: number,
	): void {
		const { rows, columns, stridePx } = this.#shape;
		const plane = rows * columns;
		const column = cell % columns;
		const x = (column + 0.5) * stridePx;
		const y = ((cell - column) / columns + 0.5) * stridePx;
		boxes[at] = x - Math.exp(edges[cell]!);
		boxes[at + 1] = y - Math.exp(edges[plane + cell]!);
		boxes[at + 2] = x + Math.exp(edges[2 * plane + cell]!);
		boxes[at + 3] = y + Math.exp(edges[3 * plane + cell]!);
	}
}
