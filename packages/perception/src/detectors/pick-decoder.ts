// Recognises a detector's head from the shapes of its outputs. A guess is refused rather than made twice:
// when no output fits, or more than one does, the answer is null.
import { AnchorFreeGridDecoder } from "./anchor-free-grid.ts";
import type { DetectorDecoder } from "./decoder.ts";
import { YoloDecoder } from "./yolo.ts";

// Down-scaling of a detection grid; finer maps are segmentation, coarser ones classification.
const MIN_STRIDE = 8;
const MAX_STRIDE = 64;

export interface PickDecoderOptions {
	/** Pixels of the network's input. */
	readonly inputWidth: number;
	readonly inputHeight: number;
	/** When given (the labels are known), only a head of that many classes fits. */
	readonly classCount?: number;
}

export interface PickedDecoder {
	/** Which of the outputs it reads. */
	readonly outputIndex: number;
	readonly decoder: DetectorDecoder;
}

/** @param outputShapes with the batch dimension, which must be 1. */
export function pickDecoder(
	outputShapes: readonly (readonly number[])[],
	options: PickDecoderOptions,
): PickedDecoder | null {
	let picked: PickedDecoder | null = null;
	for (const [outputIndex, shape] of outputShapes.entries()) {
		const decoder = decoderFor(shape, options);
		if (decoder === null) continue;
		if (picked !== null) return null;
		picked = { outputIndex, decoder };
	}
	return picked;
}

function decoderFor(
	shape: readonly number[],
	options: PickDecoderOptions,
): DetectorDecoder | null {
	const [batch, a, b, c] = shape;
	if (batch !== 1 || a === undefined || b === undefined) return null;
	const decoder =
		shape.length === 4 && c !== undefined
			? gridDecoder(a, b, c, options)
			: shape.length === 3
				? yoloDecoder(a, b)
				: null;
	if (decoder === null || decoder.classCount < 1) return null;
	const wanted = options.classCount ?? decoder.classCount;
	return decoder.classCount === wanted ? decoder : null;
}

function gridDecoder(
	channels: number,
	rows: number,
	columns: number,
	options: PickDecoderOptions,
): DetectorDecoder | null {
	const { inputWidth, inputHeight } = options;
	const stride = inputWidth / columns;
	const isGrid =
		stride >= MIN_STRIDE &&
		stride <= MAX_STRIDE &&
		columns > 1 &&
		inputHeight / rows === stride;
	if (!isGrid) return null;
	return new AnchorFreeGridDecoder({
		classCount: channels - 5,
		rows,
		columns,
		inputWidth,
		inputHeight,
	});
}

/** There are always more candidates than numbers per candidate, so the longer axis counts the candidates. */
function yoloDecoder(rows: number, columns: number): DetectorDecoder | null {
	if (rows === columns) return null;
	return rows > columns
		? new YoloDecoder({
				layout: "yolov5",
				classCount: columns - 5,
				candidateCount: rows,
			})
		: new YoloDecoder({
				layout: "yolov8",
				classCount: rows - 4,
				candidateCount: columns,
			});
}
