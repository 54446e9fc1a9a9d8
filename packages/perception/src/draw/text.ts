// Text in the built-in bitmap font, on an RGB image.
import type { ImageU8 } from "../image/image.ts";
import { GLYPH_HEIGHT, GLYPH_WIDTH, hasInk } from "./font.ts";
import { type Colour, fillRectangle } from "./shapes.ts";

// One empty column between letters.
const ADVANCE = GLYPH_WIDTH + 1;

export interface TextStyle {
	readonly colour: Colour;
	/** Pixels of the image per pixel of the font. @default 1 */
	readonly scale?: number;
}

/** Size in pixels that `drawText` covers. */
export function measureText(
	text: string,
	scale = 1,
): { readonly width: number; readonly height: number } {
	const columns = Math.max(0, [...text].length * ADVANCE - 1);
	return { width: columns * scale, height: GLYPH_HEIGHT * scale };
}

/** `at` is the top left corner; whatever lies outside the image is left out. */
export function drawText(
	image: ImageU8,
	text: string,
	at: { readonly x: number; readonly y: number },
	style: TextStyle,
): void {
	const scale = style.scale ?? 1;
	let left = at.x;
	for (const character of text) {
		for (let row = 0; row < GLYPH_HEIGHT; row++)
			for (let column = 0; column < GLYPH_WIDTH; column++) {
				if (!hasInk(character, column, row)) continue;
				const x = left + column * scale;
				const y = at.y + row * scale;
				const dot = { x, y, width: scale, height: scale };
				fillRectangle(image, dot, style.colour);
			}
		left += ADVANCE * scale;
	}
}
