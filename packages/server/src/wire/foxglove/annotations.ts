// Boxes in a picture as Foxglove lays them over it.
// https://docs.foxglove.dev/docs/visualization/message-schemas/image-annotations
import { create, toBinary } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { ImageAnnotationsSchema } from "@saccade/protocol/gen/foxglove/ImageAnnotations_pb.js";
import { PointsAnnotation_Type } from "@saccade/protocol/gen/foxglove/PointsAnnotation_pb.js";
import type { Tensor } from "../../tensor/tensor.ts";
import { colourOf } from "./colours.ts";

export interface PictureBox {
	readonly x1: number;
	readonly y1: number;
	readonly x2: number;
	readonly y2: number;
	readonly score: number;
	readonly classId: number;
}

/**
 * The boxes among a pipeline's outputs: one tensor [n, 6] of corners, score and class, as pipeline `camera` tells them,
 * or three, as `resultTensors` does. Null: there are none.
 */
export function boxesOf(outputs: readonly Tensor[]): PictureBox[] | null {
	const whole = outputs.find(
		({ dtype, shape }) => dtype === "FP32" && shape[1] === 6,
	);
	if (whole !== undefined) {
		const values = floatsOf(whole);
		return Array.from({ length: whole.shape[0] ?? 0 }, (_, i) =>
			boxAt(values, 6 * i, values[6 * i + 4] ?? 0, values[6 * i + 5] ?? 0),
		);
	}
	const corners = outputs.find(
		({ name, shape }) => name.endsWith(".boxes") && shape[1] === 4,
	);
	if (corners === undefined) return null;
	const prefix = corners.name.slice(0, -".boxes".length);
	const named = (part: string) =>
		outputs.find(({ name }) => name === `${prefix}.${part}`);
	const [scores, classes] = [named("scores"), named("classes")];
	if (!scores || !classes) return null;
	const values = floatsOf(corners);
	const scored = floatsOf(scores);
	const classed = new Int32Array(Uint8Array.from(classes.data).buffer);
	return Array.from({ length: corners.shape[0] ?? 0 }, (_, i) =>
		boxAt(values, 4 * i, scored[i] ?? 0, classed[i] ?? 0),
	);
}

export function imageAnnotations(
	boxes: readonly PictureBox[],
	classNames: readonly string[],
	timestamp: Timestamp,
): Uint8Array {
	const message = create(ImageAnnotationsSchema, {
		timestamp,
		points: boxes.map(({ x1, y1, x2, y2, classId }) => ({
			timestamp,
			type: PointsAnnotation_Type.LINE_LOOP,
			points: [
				{ x: x1, y: y1 },
				{ x: x2, y: y1 },
				{ x: x2, y: y2 },
				{ x: x1, y: y2 },
			],
			outlineColor: colourOf(classId),
			thickness: 2,
		})),
		texts: boxes.map(({ x1, y1, score, classId }) => ({
			timestamp,
			position: { x: x1, y: y1 },
			text: `${classNames[classId] ?? `class ${classId}`} ${Math.round(100 * score)} %`,
			fontSize: 12,
			textColor: colourOf(classId),
			backgroundColor: { r: 0, g: 0, b: 0, a: 0.6 },
		})),
	});
	return toBinary(ImageAnnotationsSchema, message);
}

function boxAt(
	values: Float32Array,
	at: number,
	score: number,
	classId: number,
): PictureBox {
	const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = values.subarray(at, at + 4);
	return { x1, y1, x2, y2, score, classId };
}

function floatsOf({ data }: Tensor): Float32Array {
	return new Float32Array(Uint8Array.from(data).buffer);
}
