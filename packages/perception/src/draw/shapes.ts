// Filled and outlined rectangles on an RGB image. Whatever lies outside the image is left out.
import type { ImageU8 } from "../image/image.ts";

/** Red, green, blue, 0 … 255. */
export type Colour = readonly [number, number, number];

export interface Rectangle {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
}

export function fillRectangle(
	image: ImageU8,
	area: Rectangle,
	colour: Colour,
): void {
	const left = clamp(area.x, image.width);
	const right = clamp(area.x + area.width, image.width);
	const top = clamp(area.y, image.height);
	const bottom = clamp(area.y + area.height, image.height);
	for (let y = top; y < bottom; y++)
		for (let x = left; x < right; x++) {
			const at = (y * image.width + x) * image.channels;
			image.data[at] = colour[0];
			image.data[at + 1] = colour[1];
			image.data[at + 2] = colour[2];
		}
}

export interface OutlineStyle {
	readonly colour: Colour;
	/** In pixels, drawn inwards. */
	readonly thickness: number;
}

export function outlineRectangle(
	image: ImageU8,
	area: Rectangle,
	style: OutlineStyle,
): void {
	const { x, y, width, height } = area;
	const { colour } = style;
	const thickness = Math.min(style.thickness, width, height);
	fillRectangle(image, { x, y, width, height: thickness }, colour);
	fillRectangle(image, { x, y, width: thickness, height }, colour);
	const lower = { x, y: y + height - thickness, width, height: thickness };
	fillRectangle(image, lower, colour);
	const right = { x: x + width - thickness, y, width: thickness, height };
	fillRectangle(image, right, colour);
}

function clamp(value: number, limit: number): number {
	return Math.min(Math.max(Math.round(value), 0), limit);
}
