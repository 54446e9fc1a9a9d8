// The kernels that run once per picture, at the sizes of a real camera and a real detector.
import {
	AnchorFreeGridDecoder,
	BilinearResizer,
	createDetections,
	type DetectorDecoder,
	hwcToChw,
	Letterbox,
	NonMaximumSuppression,
	swapRedBlue,
	TensorPacker,
	YoloDecoder,
} from "@saccade/perception";
import { mulberry32 } from "../lib/stats.ts";
import { type AnyCase, defineCase } from "./case.ts";

const CAMERA = { sourceWidth: 1280, sourceHeight: 720 };
const INPUT = { width: 640, height: 640 };
const THRESHOLD = 0.5;

/** A kernel on pictures: `make` builds it once and returns the step. */
function pictureCase(
	name: string,
	make: (pictures: Pictures) => () => void,
): AnyCase {
	return defineCase({
		name,
		budget: null,
		setup: () => make(pictures()),
		run: (step) => step(),
	});
}

function decodeCase(
	name: string,
	channelCount: number,
	make: () => DetectorDecoder,
): AnyCase {
	return defineCase({
		name,
		budget: null,
		setup: () => decodeStep(make(), channelCount),
		run: (step) => step(),
	});
}

function suppressionCase(name: string, perClass: boolean): AnyCase {
	return defineCase({
		name,
		budget: null,
		setup: () => suppressionStep(perClass),
		run: (step) => step(),
	});
}

export const perceptionCases: readonly AnyCase[] = [
	pictureCase("perception/resize/bilinear", ({ source, target }) => {
		const resizer = new BilinearResizer({ ...CAMERA, ...INPUT });
		return () => resizer.resize(source, target);
	}),
	pictureCase("perception/resize/letterbox", ({ source, target }) => {
		const letterbox = new Letterbox({ ...CAMERA, ...INPUT });
		return () => letterbox.apply(source, target);
	}),
	pictureCase("perception/pack/chw-bgr", ({ target }) => {
		const packer = new TensorPacker({ ...INPUT, swapRedBlue: true });
		const tensor = new Float32Array(packer.elementCount);
		return () => packer.pack(target, tensor);
	}),
	pictureCase("perception/layout/hwc-to-chw", ({ target }) => {
		const planes = new Uint8Array(target.length);
		const size = { ...INPUT, channels: 3 };
		return () => hwcToChw(target, planes, size);
	}),
	pictureCase("perception/layout/swap-red-blue", ({ target }) => {
		return () => swapRedBlue(target, target);
	}),
	decodeCase(
		"perception/decode/anchor-free-grid",
		85,
		() =>
			new AnchorFreeGridDecoder({
				classCount: 80,
				rows: 22,
				columns: 22,
				inputWidth: 352,
				inputHeight: 352,
			}),
	),
	decodeCase(
		"perception/decode/yolov5",
		85,
		() =>
			new YoloDecoder({
				layout: "yolov5",
				classCount: 80,
				candidateCount: 25_200,
			}),
	),
	decodeCase(
		"perception/decode/yolov8",
		84,
		() =>
			new YoloDecoder({
				layout: "yolov8",
				classCount: 80,
				candidateCount: 8400,
			}),
	),
	suppressionCase("perception/nms/per-class-300", true),
	suppressionCase("perception/nms/any-class-300", false),
];

interface Pictures {
	/** As the camera gives it. */
	readonly source: Uint8Array;
	/** As the model takes it. */
	readonly target: Uint8Array;
}

function pictures(): Pictures {
	const random = mulberry32(1);
	const source = new Uint8Array(CAMERA.sourceWidth * CAMERA.sourceHeight * 3);
	for (let i = 0; i < source.length; i++) source[i] = random() * 256;
	const target = new Uint8Array(INPUT.width * INPUT.height * 3);
	return { source, target };
}

/** Uniform numbers squared: a few candidates pass, as on a real picture. */
function decodeStep(
	decoder: DetectorDecoder,
	channelCount: number,
): () => void {
	const random = mulberry32(2);
	const output = new Float32Array(decoder.candidateCount * channelCount);
	for (let i = 0; i < output.length; i++) output[i] = 0.51 * random() ** 2;
	const found = createDetections(decoder.candidateCount);
	return () => decoder.decode(output, THRESHOLD, found);
}

function suppressionStep(perClass: boolean): () => void {
	const random = mulberry32(3);
	const candidates = createDetections(300);
	candidates.count = 300;
	for (let i = 0; i < 300; i++) {
		const x = random() * 600;
		const y = random() * 600;
		candidates.boxes.set(
			[x, y, x + 40 + random() * 80, y + 40 + random() * 80],
			4 * i,
		);
		candidates.scores[i] = random();
		candidates.classIds[i] = Math.floor(random() * 8);
	}
	const kept = createDetections(300);
	const suppression = new NonMaximumSuppression(300, { perClass });
	return () => suppression.run(candidates, kept);
}
