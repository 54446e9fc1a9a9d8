// Boxes with their labels, drawn on the picture that they were found in.
import type { Detections } from "../boxes/detections.ts";
import type { ImageU8 } from "../image/image.ts";
import {
	type Colour,
	fillRectangle,
	outlineRectangle,
	type Rectangle,
} from "./shapes.ts";
import { drawText, measureText } from "./text.ts";

const BLACK: Colour = [0, 0, 0];
const LABEL_PADDING = 2;

// Light colours, far apart, on which black text reads well.
const PALETTE: readonly Colour[] = [
	[255, 214, 10],
	[102, 217, 255],
	[255, 153, 184],
	[140, 230, 120],
	[255, 170, 80],
	[200, 170, 255],
	[120, 235, 200],
	[240, 240, 240],
];

/** @param labels by class id; a class without one is drawn as `#<id>`. */
export function drawDetections(
	image: ImageU8,
	detections: Detections,
	labels: readonly string[],
): void {
	// Readable on a thumbnail and on a 4K frame alike.
	const scale = Math.max(1, Math.round(image.height / 480));
	for (let i = 0; i < detections.count; i++) {
		const classId = detections.classIds[i]!;
		const colour = PALETTE[classId % PALETTE.length]!;
		const area = rectangleOf(detections.boxes, i);
		outlineRectangle(image, area, { colour, thickness: 2 * scale });
		const name = labels[classId] ?? `#${classId}`;
		const text = `${name} ${detections.scores[i]!.toFixed(2)}`;
		drawLabel(image, area, { text, colour, scale });
	}
}

function rectangleOf(boxes: Float32Array, index: number): Rectangle {
	const x = Math.round(boxes[4 * index]!);
	const y = Math.round(boxes[4 * index + 1]!);
	const width = Math.round(boxes[4 * index + 2]!) - x;
	const height = Math.round(boxes[4 * index + 3]!) - y;
	return { x, y, width, height };
}

interface Label {
	readonly text: string;
	readonly colour: Colour;
	readonly scale: number;
}

/** Above the box, or inside it where there is no room above. */
function drawLabel(image: ImageU8, box: Rectangle, label: Label): void {
	const { text, colour, scale } = label;
	const padding = LABEL_PADDING * scale;
	const size = measureText(text, scale);
	const width = size.width + 2 * padding;
	const height = size.height + 2 * padding;
	const x = Math.min(Math.max(box.x, 0), Math.max(0, image.width - width));
	const y = box.y >= height ? box.y - height : Math.max(box.y, 0);
	fillRectangle(image, { x, y, width, height }, colour);
	const at = { x: x + padding, y: y + padding };
	drawText(image, text, at, { colour: BLACK, scale });
}
