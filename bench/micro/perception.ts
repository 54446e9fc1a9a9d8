// The kernels that run once per picture, at the sizes of a real camera and a real detector.
//   node -C source bench/micro/perception.ts [REGEX]
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
import { bench, run } from "mitata";
import { mulberry32 } from "../lib/stats.ts";

const CAMERA = { sourceWidth: 1280, sourceHeight: 720 };
const INPUT = { width: 640, height: 640 };
const THRESHOLD = 0.5;

/** Each makes its data once and returns the step that is measured. */
export const cases: Readonly<Record<string, () => () => void>> = {
	"perception/resize/bilinear": () => {
		const resizer = new BilinearResizer({ ...CAMERA, ...INPUT });
		const { source, target } = pictures();
		return () => resizer.resize(source, target);
	},
	"perception/resize/letterbox": () => {
		const letterbox = new Letterbox({ ...CAMERA, ...INPUT });
		const { source, target } = pictures();
		return () => letterbox.apply(source, target);
	},
	"perception/pack/chw-bgr": () => {
		const packer = new TensorPacker({ ...INPUT, swapRedBlue: true });
		const { target } = pictures();
		const tensor = new Float32Array(packer.elementCount);
		return () => packer.pack(target, tensor);
	},
	"perception/layout/hwc-to-chw": () => {
		const { target } = pictures();
		const planes = new Uint8Array(target.length);
		const size = { ...INPUT, channels: 3 };
		return () => hwcToChw(target, planes, size);
	},
	"perception/layout/swap-red-blue": () => {
		const { target } = pictures();
		return () => swapRedBlue(target, target);
	},
	"perception/decode/anchor-free-grid": () =>
		decodeStep(
			new AnchorFreeGridDecoder({
				classCount: 80,
				rows: 22,
				columns: 22,
				inputWidth: 352,
				inputHeight: 352,
			}),
			85,
		),
	"perception/decode/yolov5": () =>
		decodeStep(
			new YoloDecoder({
				layout: "yolov5",
				classCount: 80,
				candidateCount: 25_200,
			}),
			85,
		),
	"perception/decode/yolov8": () =>
		decodeStep(
			new YoloDecoder({
				layout: "yolov8",
				classCount: 80,
				candidateCount: 8400,
			}),
			84,
		),
	"perception/nms/per-class-300": () => suppressionStep(true),
	"perception/nms/any-class-300": () => suppressionStep(false),
};

function pictures() {
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

if (import.meta.main) {
	const wanted = new RegExp(process.argv[2] ?? "");
	for (const [name, prepare] of Object.entries(cases))
		if (wanted.test(name)) bench(name, prepare());
	await run();
}
