// What detectors say, as boxes: in the pixels of the picture, or on the ground.
import {
	AnchorFreeGridDecoder,
	CentrePointDecoder,
	createDetections,
	createRotatedDetections,
	type DetectorDecoder,
	mapBoxes,
	NonMaximumSuppression,
	RotatedSuppression,
	toRotatedDetections,
	YoloDecoder,
} from "@saccade/perception";
import { boolean, number, oneOf, wholeNumber } from "../../common/readers.ts";
import { gridOf, gridSettings } from "./ground-grid-settings.ts";
import { optionalPort, port, tensorPort } from "./port.ts";
import { sampleBoxes, sampleTensor } from "./samples.ts";
import { setting } from "./settings.ts";
import { type AnyStep, defineStep, float32Of } from "./step.ts";

const size = wholeNumber({ min: 1, max: 8192 });
const classCount = setting({
	read: wholeNumber({ min: 1, max: 10_000 }),
	meaning: "classes of the detector",
});
const share = number({ min: 0, max: 1 });
const threshold = setting({
	read: share,
	meaning: "least score of a box",
	default: 0.5,
});

interface HeadSettings {
	readonly head: "anchor-free-grid" | "yolov5" | "yolov8";
	readonly classCount: number;
	readonly width: number;
	readonly height: number;
	readonly strideOrCount: number;
}

const detectorBoxes = defineStep({
	name: "detector-boxes",
	summary:
		"decodes a detector's head, keeps the best of boxes that overlap, and maps them to the picture",
	settings: {
		head: setting({
			read: oneOf("anchor-free-grid", "yolov5", "yolov8"),
			meaning: "how the output is laid out",
		}),
		classCount,
		width: setting({ read: size, meaning: "of the network's input" }),
		height: setting({ read: size, meaning: "of the network's input" }),
		strideOrCount: setting({
			read: wholeNumber({ min: 1, max: 1_000_000 }),
			meaning: "pixels of a cell (anchor-free-grid), or candidates (yolo)",
		}),
		threshold,
		iouThreshold: setting({
			read: share,
			meaning: "a box that overlaps a better one by more goes",
			default: 0.45,
		}),
	},
	inputs: (settings) => ({
		output: tensorPort("FP32", headShape(settings)),
		mapping: optionalPort("mapping"),
	}),
	outputs: () => ({ boxes: port("boxes") }),
	create: ({ settings }) => {
		const decoder = decoderOf(settings);
		const candidates = createDetections(decoder.candidateCount);
		const kept = createDetections(decoder.candidateCount);
		const suppression = new NonMaximumSuppression(
			decoder.candidateCount,
			settings,
		);
		return {
			run: ({ output, mapping }, outputs) => {
				decoder.decode(float32Of(output), settings.threshold, candidates);
				suppression.run(candidates, kept);
				if (mapping !== null) mapBoxes(kept, mapping);
				outputs.boxes = kept;
			},
		};
	},
	sample: (settings) => ({
		output: sampleTensor(headShape(settings)),
		mapping: null,
	}),
});

function headShape(settings: HeadSettings): readonly number[] {
	const { head, width, height, strideOrCount } = settings;
	switch (head) {
		case "anchor-free-grid":
			return [
				1,
				5 + settings.classCount,
				Math.floor(height / strideOrCount),
				Math.floor(width / strideOrCount),
			];
		case "yolov5":
			return [1, strideOrCount, 5 + settings.classCount];
		case "yolov8":
			return [1, 4 + settings.classCount, strideOrCount];
	}
}

function decoderOf(settings: HeadSettings): DetectorDecoder {
	const { head, width, height, strideOrCount } = settings;
	if (head !== "anchor-free-grid")
		return new YoloDecoder({
			layout: head,
			classCount: settings.classCount,
			candidateCount: strideOrCount,
		});
	return new AnchorFreeGridDecoder({
		classCount: settings.classCount,
		rows: Math.floor(height / strideOrCount),
		columns: Math.floor(width / strideOrCount),
		inputWidth: width,
		inputHeight: height,
	});
}

const centrePoint = defineStep({
	name: "centre-point",
	summary:
		"decodes heat maps over the ground to rotated boxes, and keeps the best of those that overlap",
	settings: {
		...gridSettings,
		classCount,
		scores: setting({
			read: oneOf("logits", "probabilities"),
			meaning: "what the heat maps hold",
			default: "probabilities",
		}),
		doubleYaw: setting({
			read: boolean,
			meaning: "the yaw map turns twice as fast: front and back are alike",
			default: false,
		}),
		threshold,
		iouThreshold: setting({
			read: share,
			meaning: "a box that overlaps a better one by more goes",
			default: 0.2,
		}),
		capacity: setting({
			read: wholeNumber({ min: 1, max: 10_000 }),
			meaning: "most boxes of one frame",
			default: 192,
		}),
	},
	inputs: ({ classCount: classes, rows, columns }) => ({
		heatmap: tensorPort("FP32", [1, classes, rows, columns]),
		offset: tensorPort("FP32", [1, 2, rows, columns]),
		size: tensorPort("FP32", [1, 2, rows, columns]),
		yaw: tensorPort("FP32", [1, 2, rows, columns]),
	}),
	outputs: () => ({ boxes: port("ground-boxes") }),
	create: ({ settings }) => {
		const { capacity } = settings;
		const decoder = new CentrePointDecoder({
			...settings,
			grid: gridOf(settings),
			yawHarmonic: settings.doubleYaw ? 2 : 1,
		});
		const suppression = new RotatedSuppression(capacity, settings);
		const candidates = createRotatedDetections(capacity);
		const kept = createRotatedDetections(capacity);
		return {
			run: ({ heatmap, offset, size: sizes, yaw }, outputs) => {
				const output = {
					heatmap: float32Of(heatmap),
					offset: float32Of(offset),
					size: float32Of(sizes),
					yaw: float32Of(yaw),
				};
				decoder.decode(output, settings.threshold, candidates);
				suppression.run(candidates, kept);
				outputs.boxes = kept;
			},
		};
	},
	sample: ({ classCount: classes, rows, columns }) => ({
		heatmap: sampleTensor([1, classes, rows, columns]),
		offset: sampleTensor([1, 2, rows, columns]),
		size: sampleTensor([1, 2, rows, columns]),
		yaw: sampleTensor([1, 2, rows, columns]),
	}),
});

const uprightBoxes = defineStep({
	name: "upright-boxes",
	summary: "boxes of a picture as rotated ones, so that they can be tracked",
	settings: {},
	inputs: () => ({ boxes: port("boxes") }),
	outputs: () => ({ boxes: port("ground-boxes") }),
	create: () => {
		let own = createRotatedDetections(64);
		return {
			run: ({ boxes }, outputs) => {
				if (own.scores.length < boxes.count)
					own = createRotatedDetections(2 * boxes.count);
				toRotatedDetections(boxes, own);
				outputs.boxes = own;
			},
		};
	},
	sample: () => ({ boxes: sampleBoxes() }),
});

export const DETECTOR_STEPS: readonly AnyStep[] = [
	detectorBoxes,
	centrePoint,
	uprightBoxes,
];
