// Boxes from the pixels that a network saw back to the pixels of the picture, and inside its borders.
import type { Detections } from "./detections.ts";

/** picture = network · scale + offset, per axis. */
export interface BoxMapping {
	readonly scaleX: number;
	readonly scaleY: number;
	readonly offsetX: number;
	readonly offsetY: number;
}

export interface Size {
	readonly width: number;
	readonly height: number;
}

/** For a picture that was stretched to the network's input without keeping its aspect ratio. */
export function stretchMapping(network: Size, picture: Size): BoxMapping {
	return {
		scaleX: picture.width / network.width,
		scaleY: picture.height / network.height,
		offsetX: 0,
		offsetY: 0,
	};
}

/** In place. */
export function mapBoxes(detections: Detections, mapping: BoxMapping): void {
	const { boxes } = detections;
	const { scaleX, scaleY, offsetX, offsetY } = mapping;
	for (let i = 0; i < 4 * detections.count; i += 2) {
		boxes[i] = boxes[i]! * scaleX + offsetX;
		boxes[i + 1] = boxes[i + 1]! * scaleY + offsetY;
	}
}

/** In place: every corner inside [0, width] × [0, height]. For display; thresholds want the whole box. */
export function clipBoxes(detections: Detections, size: Size): void {
	const { boxes } = detections;
	for (let i = 0; i < 4 * detections.count; i += 2) {
		boxes[i] = Math.min(Math.max(boxes[i]!, 0), size.width);
		boxes[i + 1] = Math.min(Math.max(boxes[i + 1]!, 0), size.height);
	}
}
