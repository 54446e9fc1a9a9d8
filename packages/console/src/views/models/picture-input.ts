// A picture as a model's input: which inputs are pictures, and the tensor that fits.
import type { Tensor } from "@saccade/client";
import type { TensorEntry } from "@saccade/protocol/console";

export interface PictureInput {
	readonly name: string;
	readonly datatype: "UINT8" | "FP32";
	readonly layout: "hwc" | "chw";
	readonly width: number;
	readonly height: number;
	readonly shape: readonly number[];
}

/** Sides that a model leaves open. */
const OPEN_SIDE = 224;
const MAX_SIDE = 4096;

/** Null: the input is no picture of three channels. */
export function pictureInput({
	name,
	datatype,
	shape,
}: TensorEntry): PictureInput | null {
	if (datatype !== "UINT8" && datatype !== "FP32") return null;
	const sizes = shape.length === 3 ? [1, ...shape] : [...shape];
	if (sizes.length !== 4) return null;
	const [, second = 0, third = 0, last = 0] = sizes;
	const layout = last === 3 ? "hwc" : second === 3 ? "chw" : null;
	if (layout === null) return null;
	const [rows, columns] = layout === "hwc" ? [second, third] : [third, last];
	const height = rows > 0 ? rows : OPEN_SIDE;
	const width = columns > 0 ? columns : OPEN_SIDE;
	if (height > MAX_SIDE || width > MAX_SIDE) return null;
	const filled =
		layout === "hwc" ? [1, height, width, 3] : [1, 3, height, width];
	return {
		name,
		datatype,
		layout,
		width,
		height,
		shape: shape.length === 3 ? filled.slice(1) : filled,
	};
}

/** RGBA pixels → the tensor: bytes as they are, or 0 to 1. */
export function pixelsToTensor(
	rgba: Uint8ClampedArray,
	{ name, datatype, layout, width, height, shape }: PictureInput,
): Tensor {
	const pixels = width * height;
	const values =
		datatype === "UINT8"
			? new Uint8Array(3 * pixels)
			: new Float32Array(3 * pixels);
	const scale = datatype === "UINT8" ? 1 : 1 / 255;
	for (let i = 0; i < pixels; i++)
		for (let channel = 0; channel < 3; channel++) {
			const to = layout === "hwc" ? 3 * i + channel : pixels * channel + i;
			values[to] = (rgba[4 * i + channel] ?? 0) * scale;
		}
	return { name, datatype, shape, data: new Uint8Array(values.buffer) };
}

/** Fitted with bars, so that nothing is cut or stretched. */
export async function packPicture(
	file: Blob,
	input: PictureInput,
	preview: HTMLCanvasElement | null,
): Promise<Tensor> {
	const bitmap = await createImageBitmap(file).catch(() => {
		throw new Error("this file is no picture that the browser can read");
	});
	const canvas = preview ?? document.createElement("canvas");
	canvas.width = input.width;
	canvas.height = input.height;
	const context = canvas.getContext("2d", { willReadFrequently: true });
	if (context === null) throw new Error("this browser draws no pictures");
	context.fillStyle = "rgb(114 114 114)";
	context.fillRect(0, 0, input.width, input.height);
	const scale = Math.min(
		input.width / bitmap.width,
		input.height / bitmap.height,
	);
	const width = Math.round(bitmap.width * scale);
	const height = Math.round(bitmap.height * scale);
	context.drawImage(
		bitmap,
		Math.round((input.width - width) / 2),
		Math.round((input.height - height) / 2),
		width,
		height,
	);
	bitmap.close();
	const { data } = context.getImageData(0, 0, input.width, input.height);
	return pixelsToTensor(data, input);
}
