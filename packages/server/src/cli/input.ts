// The input of `saccade infer`: a picture, a file of numbers, raw bytes, or zeros.
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { BilinearResizer, TensorPacker } from "@saccade/perception";
import { DTYPE_BYTES } from "@saccade/protocol";
import type { Tensor, TensorSpec } from "../tensor/tensor.ts";

export interface Picture {
	/** Interleaved RGB. */
	readonly rgb: Uint8Array;
	readonly width: number;
	readonly height: number;
}

export interface PictureOptions {
	readonly channelOrder: "rgb" | "bgr";
	/** Each 8-bit value is multiplied by it. */
	readonly scale: number;
}

const PICTURES: ReadonlySet<string> = new Set([
	".jpg",
	".jpeg",
	".png",
	".webp",
	".bmp",
	".tiff",
]);

export function isPicture(path: string): boolean {
	return PICTURES.has(extname(path).toLowerCase());
}

/** Decoded without its colour profile: detectors are trained on the stored values. */
export async function readPicture(path: string): Promise<Picture> {
	const { default: sharp } = await import("sharp");
	const { data, info } = await sharp(path, { ignoreIcc: true })
		.removeAlpha()
		.toColourspace("srgb")
		.raw()
		.toBuffer({ resolveWithObject: true });
	return { rgb: new Uint8Array(data), width: info.width, height: info.height };
}

/** A picture as the model's one FP32 input [1, 3, H, W], resized without keeping its aspect. */
export function pictureTensor(
	picture: Picture,
	spec: TensorSpec,
	options: PictureOptions,
): Tensor {
	const [batch, channels, height, width] = spec.shape;
	const fits =
		spec.dtype === "FP32" &&
		spec.shape.length === 4 &&
		channels === 3 &&
		(height ?? 0) > 0 &&
		(width ?? 0) > 0;
	if (!fits || height === undefined || width === undefined)
		throw new Error(
			`a picture needs an FP32 input [1, 3, H, W]; '${spec.name}' is ${spec.dtype} [${spec.shape}]`,
		);
	const resized = new Uint8Array(width * height * 3);
	new BilinearResizer({
		sourceWidth: picture.width,
		sourceHeight: picture.height,
		width,
		height,
	}).resize(picture.rgb, resized);
	const swapRedBlue = options.channelOrder === "bgr";
	const values = new Float32Array(width * height * 3);
	new TensorPacker({ width, height, swapRedBlue, scale: options.scale }).pack(
		resized,
		values,
	);
	return {
		name: spec.name,
		dtype: "FP32",
		shape: [Math.max(batch ?? 1, 1), 3, height, width],
		data: bytesOf(values),
	};
}

/** Zeros for every dimension that is not fixed: one element. */
export function zeros(spec: TensorSpec): Tensor {
	const shape = spec.shape.map((size) => (size < 0 ? 1 : size));
	const count = shape.reduce((product, size) => product * size, 1);
	// An empty string is four octets of length.
	return {
		name: spec.name,
		dtype: spec.dtype,
		shape,
		data: new Uint8Array(count * (DTYPE_BYTES[spec.dtype] || 4)),
	};
}

/** `.npy` with little-endian FP32 in C order, `.json` with numbers, anything else raw bytes of the input. */
export async function readNumbers(
	path: string,
	spec: TensorSpec,
): Promise<Tensor> {
	const bytes = await readFile(path);
	if (extname(path) === ".npy") return fromNpy(bytes, spec);
	if (extname(path) === ".json") return fromJson(bytes.toString("utf8"), spec);
	const rowBytes = spec.shape
		.filter((size) => size > 0)
		.reduce((product, size) => product * size, DTYPE_BYTES[spec.dtype]);
	const shape = spec.shape.map((size) =>
		size < 0 ? Math.max(1, Math.floor(bytes.byteLength / rowBytes)) : size,
	);
	return {
		name: spec.name,
		dtype: spec.dtype,
		shape,
		data: new Uint8Array(bytes),
	};
}

/** https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
function fromNpy(bytes: Buffer, spec: TensorSpec): Tensor {
	const isV1 = bytes[6] === 1;
	const start = isV1 ? 10 : 12;
	const end = start + (isV1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
	const header = bytes.toString("latin1", start, end);
	const descr = /'descr': *'([^']+)'/.exec(header)?.[1];
	const shape = /'shape': *\(([^)]*)\)/
		.exec(header)?.[1]
		?.split(",")
		.map((text) => text.trim())
		.filter((text) => text !== "")
		.map(Number);
	if (
		bytes.toString("latin1", 1, 6) !== "NUMPY" ||
		shape === undefined ||
		!header.includes("'fortran_order': False")
	)
		throw new Error("the .npy file is not an array in C order");
	const dtype = NPY_TYPES[descr ?? ""];
	if (dtype !== spec.dtype)
		throw new Error(
			`the .npy file holds ${descr}, input '${spec.name}' takes ${spec.dtype}`,
		);
	return {
		name: spec.name,
		dtype,
		shape,
		data: new Uint8Array(bytes.subarray(end)),
	};
}

const NPY_TYPES: Readonly<Record<string, Tensor["dtype"]>> = {
	"<f4": "FP32",
	"<f8": "FP64",
	"<f2": "FP16",
	"<i8": "INT64",
	"<i4": "INT32",
	"<i2": "INT16",
	"|i1": "INT8",
	"<u8": "UINT64",
	"<u4": "UINT32",
	"<u2": "UINT16",
	"|u1": "UINT8",
	"|b1": "BOOL",
};

function fromJson(text: string, spec: TensorSpec): Tensor {
	if (spec.dtype !== "FP32")
		throw new Error(
			`a .json file fills FP32 inputs; '${spec.name}' is ${spec.dtype}`,
		);
	const flat = ([JSON.parse(text)] as unknown[])
		.flat(Number.POSITIVE_INFINITY)
		.map(Number);
	const values = Float32Array.from(flat);
	const row = spec.shape
		.filter((size) => size > 0)
		.reduce((product, size) => product * size, 1);
	const shape = spec.shape.map((size) =>
		size < 0 ? Math.max(1, Math.floor(values.length / row)) : size,
	);
	return { name: spec.name, dtype: "FP32", shape, data: bytesOf(values) };
}

function bytesOf(values: Float32Array): Uint8Array {
	return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
