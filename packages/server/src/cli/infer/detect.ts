// Boxes from a detector's outputs, in pixels of the picture.
import {
	COCO_NAMES,
	createDetections,
	type Detections,
	type ImageU8,
	mapBoxes,
	NonMaximumSuppression,
	pickDecoder,
	stretchMapping,
} from "@saccade/perception";
import type { Tensor, TensorSpec } from "../../tensor/tensor.ts";
import { pictureGeometry } from "./picture.ts";

export interface DetectOptions {
	/** 0 … 1 */
	readonly threshold: number;
	readonly iouThreshold: number;
	/** Null: COCO's names where the number of classes fits them. */
	readonly labels: readonly string[] | null;
}

export interface Found {
	readonly detections: Detections;
	/** By class id. */
	readonly labels: readonly string[];
}

/** Null when no decoder, or more than one, fits the outputs: the model is no detector that this knows. */
export function detect(
	outputs: readonly Tensor[],
	picture: { readonly image: ImageU8; readonly spec: TensorSpec },
	options: DetectOptions,
): Found | null {
	const network = pictureGeometry(picture.spec, picture.image);
	const floats = outputs.filter(({ dtype }) => dtype === "FP32");
	const picked = pickDecoder(
		floats.map(({ shape }) => shape),
		{
			inputWidth: network.width,
			inputHeight: network.height,
			...(options.labels !== null && { classCount: options.labels.length }),
		},
	);
	const output = picked === null ? undefined : floats[picked.outputIndex];
	if (picked === null || output === undefined) return null;
	const { decoder } = picked;
	const candidates = createDetections(decoder.candidateCount);
	const detections = createDetections(decoder.candidateCount);
	decoder.decode(floatsOf(output), options.threshold, candidates);
	mapBoxes(candidates, stretchMapping(network, picture.image));
	const { iouThreshold } = options;
	new NonMaximumSuppression(decoder.candidateCount, { iouThreshold }).run(
		candidates,
		detections,
	);
	const isCoco = decoder.classCount === COCO_NAMES.length;
	return { detections, labels: options.labels ?? (isCoco ? COCO_NAMES : []) };
}

function floatsOf({ data }: Tensor): Float32Array {
	const isAligned = data.byteOffset % 4 === 0;
	const bytes = isAligned ? data : data.slice();
	return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

export interface DetectionRow {
	readonly label: string;
	readonly classId: number;
	readonly score: number;
	/** x1, y1, x2, y2 */
	readonly box: readonly number[];
}

export function toRows({ detections, labels }: Found): DetectionRow[] {
	return Array.from({ length: detections.count }, (_, i) => {
		const classId = detections.classIds[i] ?? 0;
		return {
			label: labels[classId] ?? `#${classId}`,
			classId,
			score: detections.scores[i] ?? 0,
			box: [...detections.boxes.subarray(4 * i, 4 * i + 4)],
		};
	});
}
