// The two shapes that YOLO exports decode to: centre and size in pixels of the network's input, then scores.
//   yolov5: [1, candidates, 5 + classes], a row per box; objectness, and score = objectness · class
//   yolov8: [1, 4 + classes, candidates], a column per box; no objectness, score = class
import { assertCapacity, type Detections } from "../boxes/detections.ts";
import { assertSize } from "../image/image.ts";
import { bestClass, type DetectorDecoder, writeCentredBox } from "./decoder.ts";

export interface YoloShape {
	readonly layout: "yolov5" | "yolov8";
	readonly classCount: number;
	readonly candidateCount: number;
}

export class YoloDecoder implements DetectorDecoder {
	readonly layout: "yolov5" | "yolov8";
	readonly classCount: number;
	readonly candidateCount: number;
	readonly #hasObjectness: boolean;
	readonly #channelCount: number;
	readonly #candidateStride: number;
	readonly #channelStride: number;

	constructor(shape: YoloShape) {
		this.layout = shape.layout;
		this.classCount = shape.classCount;
		this.candidateCount = shape.candidateCount;
		const isRowPerBox = shape.layout === "yolov5";
		this.#hasObjectness = isRowPerBox;
		this.#channelCount = (isRowPerBox ? 5 : 4) + shape.classCount;
		this.#candidateStride = isRowPerBox ? this.#channelCount : 1;
		this.#channelStride = isRowPerBox ? 1 : shape.candidateCount;
	}

	decode(output: Float32Array, threshold: number, into: Detections): void {
		const { candidateCount, classCount } = this;
		assertSize("output", output.length, candidateCount * this.#channelCount);
		assertCapacity(into, candidateCount);
		const stride = this.#channelStride;
		const firstClass = (this.#hasObjectness ? 5 : 4) * stride;
		into.count = 0;
		for (let candidate = 0; candidate < candidateCount; candidate++) {
			const at = candidate * this.#candidateStride;
			const objectness = this.#hasObjectness ? output[at + 4 * stride]! : 1;
			// No class score exceeds 1: what is not an object need not be classified.
			if (objectness <= threshold) continue;
			const classes = at + firstClass;
			const classId = bestClass(output, classes, stride, classCount);
			const score = objectness * output[classes + classId * stride]!;
			if (score <= threshold) continue;
			const entry = into.count++;
			into.scores[entry] = score;
			into.classIds[entry] = classId;
			writeCentredBox(
				into.boxes,
				entry,
				output[at]!,
				output[at + stride]!,
				output[at + 2 * stride]!,
				output[at + 3 * stride]!,
			);
		}
	}
}
