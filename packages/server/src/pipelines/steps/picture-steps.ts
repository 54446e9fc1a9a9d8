// Pictures: from what a camera sends to the tensor that a network reads.
import {
	BilinearResizer,
	type BoxMapping,
	type ImageU8,
	Letterbox,
	stretchMapping,
	TensorPacker,
} from "@saccade/perception";
import {
	listOf,
	number,
	oneOf,
	type Reader,
	wholeNumber,
} from "../../common/readers.ts";
import type { ImagePayload } from "../frame.ts";
import { port, tensorPort } from "./port.ts";
import { sampleFrame, samplePicture } from "./samples.ts";
import { setting } from "./settings.ts";
import { type AnyStep, badInput, defineStep, float32Of } from "./step.ts";

/** A camera's picture is smaller; a decompression bomb is not. */
const MAX_PIXELS = 64 * 1024 * 1024;

const decodePicture = defineStep({
	name: "decode-picture",
	summary: "a camera's picture as RGB: JPEG, PNG, WebP, or raw as it comes",
	settings: {},
	inputs: () => ({ image: port("image") }),
	outputs: () => ({ picture: port("picture") }),
	create: () => {
		const raw = createRawReader();
		return {
			run: ({ image }, outputs) => {
				const { payload } = image;
				if (!isCompressed(payload.encoding)) {
					outputs.picture = raw(payload);
					return;
				}
				return decompress(payload).then((picture) => {
					outputs.picture = picture;
				});
			},
		};
	},
	sample: () => {
		const { data, width, height } = samplePicture();
		const rowStrideBytes = 3 * width;
		return {
			image: sampleFrame({
				...{ kind: "image" as const, encoding: "bgr8", bytes: data },
				...{ width, height, rowStrideBytes },
			}),
		};
	},
});

function isCompressed(encoding: string): boolean {
	return encoding === "jpeg" || encoding === "png" || encoding === "webp";
}

async function decompress({ encoding, bytes }: ImagePayload): Promise<ImageU8> {
	// Only who needs it pays for loading it.
	const { default: sharp } = await import("sharp");
	try {
		const { data, info } = await sharp(bytes, {
			limitInputPixels: MAX_PIXELS,
			// As OpenCV decodes, which detectors are trained with.
			ignoreIcc: true,
		})
			.removeAlpha()
			.toColourspace("srgb")
			.raw()
			.toBuffer({ resolveWithObject: true });
		return { data, width: info.width, height: info.height, channels: 3 };
	} catch (error) {
		throw badInput(
			`the ${encoding} picture of ${bytes.length} bytes cannot be decoded: ${error instanceof Error ? error.message : error}`,
		);
	}
}

/** Bytes of a pixel, and which of them are red, green and blue. */
const RAW: Readonly<Record<string, readonly [number, number, number, number]>> =
	{
		rgb8: [3, 0, 1, 2],
		bgr8: [3, 2, 1, 0],
		rgba8: [4, 0, 1, 2],
		bgra8: [4, 2, 1, 0],
		mono8: [1, 0, 0, 0],
		// Little-endian: the high byte is the second.
		mono16: [2, 1, 1, 1],
	};

/** Into memory that the next picture of its size takes again. */
export function createRawReader(): (payload: ImagePayload) => ImageU8 {
	let own: ImageU8 = {
		data: new Uint8Array(0),
		width: 0,
		height: 0,
		channels: 3,
	};
	return ({ encoding, width, height, bytes, ...image }) => {
		const layout = RAW[encoding];
		if (layout === undefined)
			throw badInput(
				`a picture of encoding '${encoding}'; there are ${Object.keys(RAW).join(", ")}, jpeg, png and webp`,
			);
		const [pixelBytes, red, green, blue] = layout;
		// 0: rows follow one another.
		const rowStrideBytes = image.rowStrideBytes || width * pixelBytes;
		const needed = (height - 1) * rowStrideBytes + width * pixelBytes;
		if (width < 1 || height < 1 || bytes.length < needed)
			throw badInput(
				`a ${encoding} picture of ${width}x${height} takes ${needed} bytes, it has ${bytes.length}`,
			);
		if (own.width !== width || own.height !== height) {
			if (width * height > MAX_PIXELS)
				throw badInput(
					`a picture of ${width}x${height} pixels; at most ${MAX_PIXELS}`,
				);
			const data = new Uint8Array(3 * width * height);
			own = { data, width, height, channels: 3 };
		}
		const { data } = own;
		let to = 0;
		for (let row = 0; row < height; row++) {
			const end = row * rowStrideBytes + width * pixelBytes;
			for (let at = row * rowStrideBytes; at < end; at += pixelBytes) {
				data[to++] = bytes[at + red]!;
				data[to++] = bytes[at + green]!;
				data[to++] = bytes[at + blue]!;
			}
		}
		return own;
	};
}

const perChannel: Reader<readonly [number, number, number]> = (value) => {
	const read = listOf(number())(value);
	if (!read.ok) return read;
	const [red, green, blue] = read.value;
	return red === undefined ||
		green === undefined ||
		blue === undefined ||
		read.value.length > 3
		? { ok: false, problem: "three numbers are needed" }
		: { ok: true, value: [red, green, blue] };
};

const size = wholeNumber({ min: 1, max: 8192 });

const pictureTensor = defineStep({
	name: "picture-tensor",
	summary: "a picture resized and packed as the tensor that a network reads",
	settings: {
		width: setting({ read: size, meaning: "of the network's input" }),
		height: setting({ read: size, meaning: "of the network's input" }),
		fit: setting({
			read: oneOf("letterbox", "stretch"),
			meaning: "keep the aspect ratio with bars, or not",
			default: "letterbox",
		}),
		background: setting({
			read: wholeNumber({ max: 255 }),
			meaning: "grey level of the bars",
			default: 114,
		}),
		channels: setting({
			read: oneOf("rgb", "bgr"),
			meaning: "order that the network wants",
			default: "rgb",
		}),
		layout: setting({
			read: oneOf("chw", "hwc"),
			meaning: "planes, or interleaved",
			default: "chw",
		}),
		dtype: setting({
			read: oneOf("FP32", "UINT8"),
			meaning: "UINT8 takes the pixels as they are (layout hwc, rgb)",
			default: "FP32",
		}),
		scale: setting({
			read: number(),
			meaning: "factor before mean and deviation",
			default: 1 / 255,
		}),
		mean: setting({
			read: perChannel,
			meaning: "subtracted after scaling",
			default: [0, 0, 0] as const,
		}),
		deviation: setting({
			read: perChannel,
			meaning: "divides last",
			default: [1, 1, 1] as const,
		}),
	},
	inputs: () => ({ picture: port("picture") }),
	outputs: (settings) => ({
		tensor: tensorPort(settings.dtype, shapeOf(settings)),
		mapping: port("mapping"),
	}),
	create: ({ settings, tensor: create }) => {
		const { width, height, dtype, layout, channels } = settings;
		if (dtype === "UINT8" && (layout !== "hwc" || channels !== "rgb"))
			throw badInput("pixels as they are have layout hwc and channels rgb");
		const tensor = create(dtype, shapeOf(settings));
		const isRaw = dtype === "UINT8";
		const pixels = isRaw ? tensor.data : new Uint8Array(3 * width * height);
		const packer = new TensorPacker({
			...settings,
			swapRedBlue: channels === "bgr",
		});
		const values = isRaw ? null : float32Of(tensor);
		let resize: Resize | null = null;
		return {
			run: ({ picture }, outputs) => {
				if (
					resize?.from.width !== picture.width ||
					resize.from.height !== picture.height
				)
					resize = resizeOf(picture, settings);
				resize.apply(picture.data, pixels);
				if (values !== null) packer.pack(pixels, values);
				outputs.tensor = tensor;
				outputs.mapping = resize.mapping;
			},
		};
	},
	sample: () => ({ picture: samplePicture() }),
});

interface Resize {
	readonly from: { readonly width: number; readonly height: number };
	readonly mapping: BoxMapping;
	apply(source: Uint8Array, target: Uint8Array): void;
}

/** Tables for pictures of one size, which a camera keeps to. */
function resizeOf(
	{ width, height }: ImageU8,
	to: {
		readonly width: number;
		readonly height: number;
		readonly fit: "letterbox" | "stretch";
		readonly background: number;
	},
): Resize {
	const from = { width, height };
	const geometry = {
		...{ sourceWidth: width, sourceHeight: height },
		...{ width: to.width, height: to.height },
	};
	// A camera that was chosen for the network.
	if (width === to.width && height === to.height)
		return {
			from,
			mapping: stretchMapping(to, from),
			apply: (source, target) => target.set(source),
		};
	if (to.fit === "letterbox") {
		const letterbox = new Letterbox({
			...geometry,
			background: to.background,
		});
		const { mapping } = letterbox;
		return {
			from,
			mapping,
			apply: (source, target) => letterbox.apply(source, target),
		};
	}
	const resizer = new BilinearResizer(geometry);
	return {
		from,
		mapping: stretchMapping(to, from),
		apply: (source, target) => resizer.resize(source, target),
	};
}

function shapeOf(settings: {
	readonly width: number;
	readonly height: number;
	readonly layout: "chw" | "hwc";
}): readonly number[] {
	const { width, height, layout } = settings;
	return layout === "chw" ? [1, 3, height, width] : [1, height, width, 3];
}

const rawPicture = defineStep({
	name: "raw-picture",
	summary:
		"a camera's rgb8 picture as the tensor of bytes that it is, for a network that takes pictures of its size: nothing is copied",
	settings: {
		width: setting({ read: size, meaning: "of camera and network" }),
		height: setting({ read: size, meaning: "likewise" }),
	},
	inputs: () => ({ image: port("image") }),
	outputs: ({ width, height }) => ({
		tensor: tensorPort("UINT8", [1, height, width, 3]),
	}),
	create: ({ settings }) => {
		const { width, height } = settings;
		const shape = [1, height, width, 3];
		return {
			run: ({ image: { payload } }, outputs) => {
				const isPadded = payload.rowStrideBytes > 3 * width;
				const isIt =
					payload.encoding === "rgb8" &&
					payload.width === width &&
					payload.height === height;
				if (!isIt || isPadded)
					throw badInput(
						`rgb8 pictures of ${width} × ${height} without padding are needed, got ${payload.encoding.slice(0, 20)} of ${payload.width} × ${payload.height}${isPadded ? ` in rows of ${payload.rowStrideBytes} bytes` : ""}`,
					);
				const data = payload.bytes;
				outputs.tensor = { name: "", dtype: "UINT8", shape, data };
			},
		};
	},
	sample: ({ width, height }) => ({
		image: sampleFrame({
			...{ kind: "image" as const, encoding: "rgb8", width, height },
			rowStrideBytes: 3 * width,
			bytes: new Uint8Array(3 * width * height),
		}),
	}),
});

export const PICTURE_STEPS: readonly AnyStep[] = [
	decodePicture,
	pictureTensor,
	rawPicture,
];
