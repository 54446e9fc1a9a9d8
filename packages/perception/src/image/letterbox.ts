// Letterbox: resize with the aspect ratio kept, centred on a plain background, as YOLO models are fed.

import type { BoxMapping } from "../boxes/box-mapping.ts";
import { BilinearResizer, type ResizeGeometry } from "./bilinear-resizer.ts";
import { assertSize } from "./image.ts";

export interface LetterboxOptions extends ResizeGeometry {
	/** Grey level of the bars. @default 114, which YOLO models were trained with */
	readonly background?: number;
}

/** One geometry, any number of images; `apply` allocates nothing. */
export class Letterbox {
	/** From pixels of the letterboxed image back to pixels of the source. */
	readonly mapping: BoxMapping;
	readonly #resizer: BilinearResizer;
	readonly #placement: { readonly offset: number; readonly stride: number };
	readonly #targetBytes: number;
	readonly #background: number;

	/** @throws RangeError unless every size is a positive integer. */
	constructor(options: LetterboxOptions) {
		const { sourceWidth, sourceHeight, width, height } = options;
		const channels = options.channels ?? 3;
		const scale = Math.min(width / sourceWidth, height / sourceHeight);
		const innerWidth = Math.max(1, Math.round(sourceWidth * scale));
		const innerHeight = Math.max(1, Math.round(sourceHeight * scale));
		const left = (width - innerWidth) >> 1;
		const top = (height - innerHeight) >> 1;
		this.#resizer = new BilinearResizer({
			sourceWidth,
			sourceHeight,
			width: innerWidth,
			height: innerHeight,
			channels,
		});
		this.#placement = {
			offset: (top * width + left) * channels,
			stride: width * channels,
		};
		this.#targetBytes = width * height * channels;
		this.#background = options.background ?? 114;
		const scaleX = sourceWidth / innerWidth;
		const scaleY = sourceHeight / innerHeight;
		this.mapping = {
			scaleX,
			scaleY,
			offsetX: -left * scaleX,
			offsetY: -top * scaleY,
		};
	}

	/** @throws RangeError when a buffer does not fit the geometry. */
	apply(source: Uint8Array, target: Uint8Array): void {
		assertSize("letterboxed image", target.length, this.#targetBytes);
		target.fill(this.#background);
		this.#resizer.resize(source, target, this.#placement);
	}
}
