// A picture file ↔ pixels, and pixels → the model's input tensor.
import {
	BilinearResizer,
	createImage,
	type ImageU8,
	TensorPacker,
} from "@saccade/perception";
import sharp from "sharp";
import type { PictureSettings } from "../../repository/model-config.ts";
import type { Tensor, TensorSpec } from "../../tensor/tensor.ts";
import { UsageError } from "../usage-error.ts";

/** RGB, as OpenCV decodes it, which detectors are trained with: colour profiles and rotation are not applied. */
export async function readPicture(file: string): Promise<ImageU8> {
	try {
		const { data, info } = await sharp(file, { ignoreIcc: true })
			.toColourspace("srgb")
			.removeAlpha()
			.raw()
			.toBuffer({ resolveWithObject: true });
		return createImage(data, info.width, info.height, info.channels);
	} catch (error) {
		throw new UsageError(
			`the picture ${file} cannot be read: ${error instanceof Error ? error.message : error}`,
		);
	}
}

/** The format follows the file's name: .png, .jpg, .webp. */
export async function writePicture(
	image: ImageU8,
	file: string,
): Promise<void> {
	const { width, height } = image;
	await sharp(image.data, { raw: { width, height, channels: 3 } }).toFile(file);
}

interface PictureGeometry {
	readonly width: number;
	readonly height: number;
	readonly layout: "chw" | "hwc";
	readonly shape: readonly number[];
}

/** Where the channels are; dynamic sides take the picture's. Throws UsageError for an input that is no picture. */
export function pictureGeometry(
	spec: TensorSpec,
	picture: { readonly width: number; readonly height: number },
): PictureGeometry {
	const { shape } = spec;
	const sides = shape.slice(-3);
	const layout = sides[0] === 3 ? "chw" : sides[2] === 3 ? "hwc" : null;
	const isPicture = shape.length === 3 || shape.length === 4;
	if (layout === null || !isPicture || spec.dtype !== "FP32")
		throw new UsageError(
			`input '${spec.name}' is ${spec.dtype} [${shape}]; a picture fits FP32 [3, height, width] or [height, width, 3], with or without a batch dimension. Give an .npy file instead`,
		);
	const at = layout === "chw" ? 1 : 0;
	const height = orElse(sides[at], picture.height);
	const width = orElse(sides[at + 1], picture.width);
	const pixels = layout === "chw" ? [3, height, width] : [height, width, 3];
	return {
		width,
		height,
		layout,
		shape: shape.length === 4 ? [1, ...pixels] : pixels,
	};
}

/** Stretched to the input's size without keeping the aspect ratio, as plain bilinear resize does it. */
export function pictureTensor(
	spec: TensorSpec,
	image: ImageU8,
	settings: PictureSettings,
): Tensor {
	const { width, height, layout, shape } = pictureGeometry(spec, image);
	const resized = new Uint8Array(width * height * 3);
	new BilinearResizer({
		sourceWidth: image.width,
		sourceHeight: image.height,
		width,
		height,
	}).resize(image.data, resized);
	const packer = new TensorPacker({
		width,
		height,
		layout,
		swapRedBlue: settings.channels === "bgr",
		scale: settings.scale,
		mean: settings.mean,
		deviation: settings.std,
	});
	const values = new Float32Array(packer.elementCount);
	packer.pack(resized, values);
	return {
		name: spec.name,
		dtype: "FP32",
		shape,
		data: new Uint8Array(values.buffer),
	};
}

function orElse(size: number | undefined, fallback: number): number {
	return size === undefined || size < 0 ? fallback : size;
}
