// What a camera's detector says, for whoever looks for the same things on the ground: boxes, and where the camera is that
// saw them.
import {
	CentreBoxDecoder,
	createDetections,
	mapBoxes,
	NonMaximumSuppression,
	type Pinhole,
} from "@saccade/perception";
import { filledText, number, wholeNumber } from "../../common/readers.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { transformOf } from "../frame-transform.ts";
import type { SensorDescription, StreamOpening } from "../pipeline.ts";
import { optionalPort, port, tensorPort } from "./port.ts";
import { sampleBoxes, sampleTensor } from "./samples.ts";
import { setting } from "./settings.ts";
import {
	type AnyStep,
	badInput,
	createTensor,
	defineStep,
	float32Of,
} from "./step.ts";

const size = wholeNumber({ min: 1, max: 8192 });
const share = number({ min: 0, max: 1 });

const centreBox = defineStep({
	name: "centre-box",
	summary:
		"decodes heat maps of a picture, with the distances to four edges, to boxes; keeps the best of those that overlap",
	settings: {
		classCount: setting({
			read: wholeNumber({ min: 1, max: 10_000 }),
			meaning: "classes of the detector",
		}),
		rows: setting({ read: size, meaning: "cells of the heat maps" }),
		columns: setting({ read: size, meaning: "likewise" }),
		stridePx: setting({
			read: size,
			meaning: "pixels of the network's input in a cell",
		}),
		threshold: setting({
			read: share,
			meaning: "least score of a box",
			default: 0.5,
		}),
		iouThreshold: setting({
			read: share,
			meaning: "a box that overlaps a better one by more goes",
			default: 0.5,
		}),
		capacity: setting({
			read: wholeNumber({ min: 1, max: 10_000 }),
			meaning: "most boxes of one picture",
			default: 192,
		}),
	},
	inputs: ({ classCount, rows, columns }) => ({
		heatmap: tensorPort("FP32", [1, classCount, rows, columns]),
		edges: tensorPort("FP32", [1, 4, rows, columns]),
		mapping: optionalPort("mapping"),
	}),
	outputs: () => ({ boxes: port("boxes") }),
	create: ({ settings }) => {
		const { capacity } = settings;
		const decoder = new CentreBoxDecoder({ ...settings, maxCount: capacity });
		const suppression = new NonMaximumSuppression(capacity, settings);
		const candidates = createDetections(capacity);
		const kept = createDetections(capacity);
		return {
			run: ({ heatmap, edges, mapping }, outputs) => {
				const output = {
					heatmap: float32Of(heatmap),
					edges: float32Of(edges),
				};
				decoder.decode(output, settings.threshold, candidates);
				suppression.run(candidates, kept);
				if (mapping !== null) mapBoxes(kept, mapping);
				outputs.boxes = kept;
			},
		};
	},
	sample: ({ classCount, rows, columns }) => ({
		heatmap: sampleHeat([1, classCount, rows, columns]),
		edges: sampleTensor([1, 4, rows, columns]),
		mapping: null,
	}),
});

/** Logits of a street: nothing nearly everywhere, and an object in one cell of 500. */
function sampleHeat(shape: readonly number[]): Tensor {
	const tensor = createTensor("FP32", shape, false);
	const values = float32Of(tensor);
	for (let i = 0; i < values.length; i++) values[i] = i % 499 === 0 ? 2 : -8;
	return tensor;
}

const sights = defineStep({
	name: "sights",
	summary:
		"boxes of a picture with the camera that saw them: its calibration, and its place by the stream's transforms",
	settings: {
		target: setting({
			read: filledText,
			meaning: "coordinate frame in which the camera has its place",
			default: "base_link",
		}),
	},
	inputs: () => ({ boxes: port("boxes") }),
	outputs: () => ({ sights: port("sights") }),
	create: ({ settings, opening }) => {
		const cameras = new Map(
			opening.sensors.flatMap((sensor) => {
				const camera = pinholeOf(sensor, opening, settings.target);
				return camera === null ? [] : [[sensor.deviceId, camera]];
			}),
		);
		return {
			run: ({ boxes }, outputs, { deviceId, measuredUs }) => {
				const camera = cameras.get(deviceId);
				if (camera === undefined)
					throw badInput(
						`what '${deviceId}' sees can be looked for on the ground only if its stream was opened with its calibration (k) and a transform from '${settings.target}' to its frame`,
					);
				outputs.sights = { boxes, timeS: measuredUs / 1e6, camera };
			},
		};
	},
	sample: () => ({ boxes: sampleBoxes() }),
	sampleSensors: () => [
		{
			...{ deviceId: "sample", frameId: "sample", periodUs: 33_333 },
			calibration: {
				...{ frameId: "sample", width: 320, height: 192 },
				...{ distortionModel: "", d: [], r: [], p: [] },
				k: [210, 0, 160, 0, 210, 78, 0, 0, 1],
			},
		},
	],
	sampleTransforms: ({ target }) => [
		{
			...{ parentFrameId: target, childFrameId: "sample" },
			translation: [1.7, 0, 1.5],
			rotation: [-0.5, 0.5, -0.5, 0.5],
		},
	],
});

/** Null: it is no camera, or nobody said where it is. Distortion is not undone: the overlap that is asked for is small. */
function pinholeOf(
	{ frameId, calibration }: SensorDescription,
	{ transforms }: StreamOpening,
	target: string,
): Pinhole | null {
	const place = transforms.find(
		({ parentFrameId, childFrameId }) =>
			parentFrameId === target && childFrameId === frameId,
	);
	if (calibration === null || place === undefined) return null;
	const [focalXPx, , centreXPx, , focalYPx, centreYPx] = calibration.k;
	if (
		focalXPx === undefined ||
		centreXPx === undefined ||
		focalYPx === undefined ||
		centreYPx === undefined
	)
		return null;
	return {
		widthPx: calibration.width,
		heightPx: calibration.height,
		...{ focalXPx, focalYPx, centreXPx, centreYPx },
		mount: transformOf(place),
	};
}

export const SIGHT_STEPS: readonly AnyStep[] = [centreBox, sights];
