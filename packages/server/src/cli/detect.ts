// A detector's output as named boxes: the head is recognised by its shape.
import {
	COCO_NAMES,
	createDetections,
	type Detections,
	drawDetections,
	mapBoxes,
	NonMaximumSuppression,
	pickDecoder,
	stretchMapping,
} from "@saccade/perception";
import type { Tensor, TensorSpec } from "../tensor/tensor.ts";
import type { Picture } from "./input.ts";

export interface Found {
	readonly label: string;
	readonly score: number;
	/** x1, y1, x2, y2 in pixels of the picture; may reach outside it. */
	readonly box: readonly [number, number, number, number];
}

export interface DetectionResult {
	readonly found: readonly Found[];
	/** Draws the boxes on the picture's own pixels. */
	draw(picture: Picture): void;
}

/** Null when no output looks like a detector's. @param labels of the output; COCO's names where it has none */
export function detect(
	outputs: readonly Tensor[],
	input: TensorSpec,
	picture: Picture,
	labels: ReadonlyMap<string, readonly string[]>,
	threshold: number,
): DetectionResult | null {
	const [, , inputHeight = 0, inputWidth = 0] = input.shape;
	const picked = pickDecoder(
		outputs.map(({ shape }) => shape),
		{ inputWidth, inputHeight },
	);
	const output = picked === null ? undefined : outputs[picked.outputIndex];
	if (picked === null || output === undefined || output.dtype !== "FP32")
		return null;
	const { decoder } = picked;
	const names = labels.get(output.name) ?? COCO_NAMES;
	const candidates = createDetections(decoder.candidateCount);
	const kept = createDetections(decoder.candidateCount);
	// A copy: the bytes of an answer need not be aligned.
	decoder.decode(
		new Float32Array(output.data.slice().buffer),
		threshold,
		candidates,
	);
	mapBoxes(
		candidates,
		stretchMapping({ width: inputWidth, height: inputHeight }, picture),
	);
	new NonMaximumSuppression(decoder.candidateCount).run(candidates, kept);
	return {
		found: Array.from({ length: kept.count }, (_, index) =>
			foundAt(kept, index, names),
		),
		draw: ({ rgb, width, height }) =>
			drawDetections({ data: rgb, width, height, channels: 3 }, kept, names),
	};
}

function foundAt(
	kept: Detections,
	index: number,
	names: readonly string[],
): Found {
	const classId = kept.classIds[index]!;
	const at = 4 * index;
	const { boxes } = kept;
	return {
		label: names[classId] ?? `#${classId}`,
		score: kept.scores[index]!,
		box: [boxes[at]!, boxes[at + 1]!, boxes[at + 2]!, boxes[at + 3]!],
	};
}
