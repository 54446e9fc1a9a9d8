// FastestDet's head, [1, 5 + classes, rows, columns]: one box per cell. Channel 0 is the objectness, 1 and 2
// the centre's offset from the cell (before tanh), 3 and 4 the size as a share of the image (before the
// sigmoid), then the class scores, which sum to 1.
// https://github.com/dog-qiuqiu/FastestDet/blob/main/utils/tool.py (handle_preds)
import { assertCapacity, type Detections } from "../boxes/detections.ts";
import { assertSize } from "../image/image.ts";
import { bestClass, type DetectorDecoder, writeCentredBox } from "./decoder.ts";

// score = objectness^0.6 · class^0.4
const OBJECTNESS_POWER = 0.6;
const CLASS_POWER = 0.4;

export interface AnchorFreeGridShape {
	readonly classCount: number;
	readonly rows: number;
	readonly columns: number;
	readonly inputWidth: number;
	readonly inputHeight: number;
}

export class AnchorFreeGridDecoder implements DetectorDecoder {
	readonly layout = "anchor-free-grid";
	readonly classCount: number;
	readonly candidateCount: number;
	readonly #columns: number;
	readonly #cellWidth: number;
	readonly #cellHeight: number;
	readonly #inputWidth: number;
	readonly #inputHeight: number;

	constructor(shape: AnchorFreeGridShape) {
		this.classCount = shape.classCount;
		this.candidateCount = shape.rows * shape.columns;
		this.#columns = shape.columns;
		this.#cellWidth = shape.inputWidth / shape.columns;
		this.#cellHeight = shape.inputHeight / shape.rows;
		this.#inputWidth = shape.inputWidth;
		this.#inputHeight = shape.inputHeight;
	}

	decode(output: Float32Array, threshold: number, into: Detections): void {
		const plane = this.candidateCount;
		assertSize("output", output.length, plane * (5 + this.classCount));
		assertCapacity(into, plane);
		// No class score exceeds 1, so a cell below this cannot reach the threshold.
		const leastObjectness = threshold ** (1 / OBJECTNESS_POWER);
		into.count = 0;
		for (let cell = 0; cell < plane; cell++) {
			const objectness = output[cell]!;
			if (objectness < leastObjectness) continue;
			const classes = cell + 5 * plane;
			const classId = bestClass(output, classes, plane, this.classCount);
			const classScore = output[classes + classId * plane]!;
			const score = objectness ** OBJECTNESS_POWER * classScore ** CLASS_POWER;
			if (score > threshold) this.#append(output, cell, into, score, classId);
		}
	}

	#append(
		output: Float32Array,
		cell: number,
		into: Detections,
		score: number,
		classId: number,
	): void {
		const plane = this.candidateCount;
		const column = cell % this.#columns;
		const row = (cell - column) / this.#columns;
		const at = into.count++;
		into.scores[at] = score;
		into.classIds[at] = classId;
		writeCentredBox(
			into.boxes,
			at,
			(column + Math.tanh(output[cell + plane]!)) * this.#cellWidth,
			(row + Math.tanh(output[cell + 2 * plane]!)) * this.#cellHeight,
			sigmoid(output[cell + 3 * plane]!) * this.#inputWidth,
			sigmoid(output[cell + 4 * plane]!) * this.#inputHeight,
		);
	}
}

function sigmoid(x: number): number {
	return 1 / (1 + Math.exp(-x));
}
