// Pictures of the bundled camera to boxes in their pixels, by the bundled detector. It takes pictures as they are, so
// their bytes go to the model where they lie.
import {
	CAMERA_CAPACITY,
	CAMERA_INPUT_SHAPE,
	CAMERA_OUTPUT_SIZES,
	CameraOutput,
	createDetections,
} from "@saccade/perception";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { Frame, ImagePayload } from "./frame.ts";
import type { ModelRunner } from "./model-runner.ts";
import { bytesOf, float32Output } from "./model-tensors.ts";
import type {
	FrameContext,
	FrameProcessor,
	FrameResult,
	Pipeline,
} from "./pipeline.ts";

const MODEL = "camera_detector";
const LEAST_SCORE = 0.3;
/** x1, y1, x2, y2, score, class. */
const BOX_NUMBERS = 6;
const [ROWS, COLUMNS, CHANNELS] = CAMERA_INPUT_SHAPE;

export function createCameraPipeline(runner: ModelRunner): Pipeline {
	return {
		name: "camera",
		requests: {},
		join: null,
		open: () => {
			runner.assertReady(MODEL, "");
			return new CameraProcessor(runner);
		},
	};
}

class CameraProcessor implements FrameProcessor {
	readonly #runner: ModelRunner;
	readonly #output = new CameraOutput();
	readonly #boxes = createDetections(CAMERA_CAPACITY);

	constructor(runner: ModelRunner) {
		this.#runner = runner;
	}

	async process(frame: Frame, context: FrameContext): Promise<FrameResult> {
		const image = pictureOf(frame);
		const beginUs = context.nowUs();
		const outputs = await this.#runner.run({
			modelName: MODEL,
			modelVersion: "",
			inputs: [
				{
					name: "image",
					dtype: "UINT8",
					shape: [1, ...CAMERA_INPUT_SHAPE],
					data: image.bytes,
				},
			],
			deadlineUs: frame.deadlineUs,
			receivedUs: frame.receivedUs,
			signal: context.signal,
			trace: context.trace ?? null,
		});
		const decodeUs = context.nowUs();
		const { heatmap, edges } = CAMERA_OUTPUT_SIZES;
		this.#output.decode(
			{
				heatmap: float32Output(MODEL, outputs, "heatmap", heatmap),
				edges: float32Output(MODEL, outputs, "edges", edges),
			},
			LEAST_SCORE,
			this.#boxes,
		);
		return {
			decision: null,
			outputs: [this.#told()],
			stages: [
				{ name: "model", beginUs, endUs: decodeUs },
				{ name: "decode", beginUs: decodeUs, endUs: context.nowUs() },
			],
		};
	}

	close(): void {}

	#told() {
		const { count, boxes, scores, classIds } = this.#boxes;
		const values = new Float32Array(BOX_NUMBERS * count);
		for (let i = 0; i < count; i++) {
			values.set(boxes.subarray(4 * i, 4 * i + 4), BOX_NUMBERS * i);
			values[BOX_NUMBERS * i + 4] = scores[i]!;
			values[BOX_NUMBERS * i + 5] = classIds[i]!;
		}
		return {
			name: "boxes",
			dtype: "FP32" as const,
			shape: [count, BOX_NUMBERS],
			data: bytesOf(values),
		};
	}
}

function pictureOf({ payload }: Frame): ImagePayload {
	if (payload?.kind !== "image")
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`pipeline 'camera' takes pictures, the frame carries ${payload === null ? "a plain value" : `a payload of kind '${payload.kind}'`}`,
		);
	const { encoding, width, height, rowStrideBytes } = payload;
	const isPadded = rowStrideBytes !== 0 && rowStrideBytes !== CHANNELS * width;
	if (encoding === "rgb8" && width === COLUMNS && height === ROWS && !isPadded)
		return payload;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`pipeline 'camera' takes rgb8 pictures of ${COLUMNS} × ${ROWS} without padding, got ${encoding.slice(0, 20)} of ${width} × ${height}${isPadded ? ` in rows of ${rowStrideBytes} bytes` : ""}`,
	);
}
