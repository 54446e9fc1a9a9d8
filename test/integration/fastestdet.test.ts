// A real detector on real pictures: our pixels in, the published boxes out. ONNX Runtime's own binding runs
// the network and sharp only decodes, so that nothing but packages/perception is under test.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
	BilinearResizer,
	COCO_NAMES,
	createDetections,
	type Detections,
	intersectionOverUnion,
	mapBoxes,
	NonMaximumSuppression,
	type PickedDecoder,
	pickDecoder,
	stretchMapping,
	TensorPacker,
} from "@saccade/perception";
import * as ort from "onnxruntime-node";
import sharp from "sharp";
import { sharedPath, skipWithoutShared } from "../support/shared-data.ts";

const MODEL = "models/fastestdet/FastestDet.onnx";
const INPUT = { width: 352, height: 352 };
const THRESHOLD = 0.65;

type Expected = readonly [
	label: string,
	score: number,
	box: readonly [number, number, number, number],
];

const PICTURES: Readonly<Record<string, readonly Expected[]>> = {
	"data/coco/street.jpg": [
		["person", 0.901, [40.6, 62.6, 178.0, 294.3]],
		["person", 0.895, [288.9, 141.9, 482.4, 297.0]],
		["person", 0.807, [159.1, 136.2, 255.9, 265.5]],
		["person", 0.78, [231.2, 138.9, 322.6, 277.3]],
	],
	"data/coco/1.jpg": [["bus", 0.961, [47.0, 82.5, 581.6, 416.5]]],
	"data/kitti/000008.png": [
		["car", 0.899, [324.4, 178.1, 614.8, 353.8]],
		["car", 0.87, [-83.0, 194.2, 355.3, 407.9]],
		["car", 0.854, [598.0, 177.0, 717.9, 259.6]],
		["car", 0.828, [951.9, 210.3, 1305.5, 395.6]],
		["car", 0.773, [886.6, 194.8, 958.4, 236.7]],
		["car", 0.722, [750.0, 173.4, 813.6, 204.0]],
	],
};

const skip = skipWithoutShared(MODEL, ...Object.keys(PICTURES));

describe("FastestDet", { skip }, () => {
	let session: ort.InferenceSession;
	before(async () => {
		session = await ort.InferenceSession.create(sharedPath(MODEL), {
			intraOpNumThreads: 1,
		});
	});
	after(() => session.release());

	for (const [picture, expected] of Object.entries(PICTURES))
		test(`finds what is in ${picture}, with the published scores and boxes`, async () => {
			const found = await detect(session, picture);
			assert.equal(found.count, expected.length);
			for (const [i, [label, score, box]] of expected.entries()) {
				assert.equal(COCO_NAMES[found.classIds[i] ?? -1], label);
				const scoreError = Math.abs((found.scores[i] ?? 0) - score);
				assert.ok(scoreError <= 0.01, `score ${found.scores[i]}, not ${score}`);
				const overlap = intersectionOverUnion(found.boxes, 4 * i, box, 0);
				assert.ok(overlap >= 0.95, `box ${i} overlaps by ${overlap}`);
			}
		});

	test("reads the published input values from street.jpg", async () => {
		const { tensor } = await readPicture("data/coco/street.jpg");
		const sum = tensor.reduce((total, value) => total + value, 0);
		assert.ok(Math.abs(sum - 153_964.6) < 20, `sum of the input: ${sum}`);
		const plane = INPUT.width * INPUT.height;
		const corner = [0, plane, 2 * plane].map((at) => tensor[at] ?? 0);
		for (const [channel, value] of [0.41176, 0.27059, 0.08235].entries())
			assert.ok(Math.abs((corner[channel] ?? 0) - value) < 1e-5);
	});
});

async function detect(
	session: ort.InferenceSession,
	picture: string,
): Promise<Detections> {
	const { tensor, size } = await readPicture(picture);
	const result = await session.run({
		"input.1": new ort.Tensor("float32", tensor, [1, 3, 352, 352]),
	});
	const output = result["758"] ?? assert.fail("no output 758");
	const { decoder } = pick(output.dims);
	assert.equal(decoder.layout, "anchor-free-grid");
	const candidates = createDetections(decoder.candidateCount);
	const kept = createDetections(decoder.candidateCount);
	decoder.decode(output.data as Float32Array, THRESHOLD, candidates);
	mapBoxes(candidates, stretchMapping(INPUT, size));
	new NonMaximumSuppression(decoder.candidateCount).run(candidates, kept);
	return kept;
}

function pick(dims: readonly number[]): PickedDecoder {
	const options = { inputWidth: INPUT.width, inputHeight: INPUT.height };
	return pickDecoder([dims], options) ?? assert.fail("no decoder fits");
}

async function readPicture(picture: string) {
	const { data, info } = await sharp(sharedPath(picture), {
		// As OpenCV decodes, which detectors are trained with: street.jpg carries a colour profile.
		ignoreIcc: true,
	})
		.removeAlpha()
		.raw()
		.toBuffer({ resolveWithObject: true });
	const resized = new Uint8Array(INPUT.width * INPUT.height * 3);
	new BilinearResizer({
		sourceWidth: info.width,
		sourceHeight: info.height,
		...INPUT,
	}).resize(data, resized);
	const packer = new TensorPacker({ ...INPUT, swapRedBlue: true });
	const tensor = new Float32Array(packer.elementCount);
	packer.pack(resized, tensor);
	return { tensor, size: { width: info.width, height: info.height } };
}
