// `saccade infer`: gather inputs → run → find boxes → print; the work is done in infer/.

import type { DetectOptions } from "./infer/detect.ts";
import { type Gathered, gatherInputs } from "./infer/inputs.ts";
import { findLabels } from "./infer/labels.ts";
import { withTarget } from "./infer/open-target.ts";
import {
	type PictureFlags,
	resolvePictureSettings,
} from "./infer/picture-settings.ts";
import { type Result, renderJson, renderText } from "./infer/render.ts";
import type { Answer, Target, TargetOptions } from "./infer/target.ts";
import { UsageError } from "./usage-error.ts";

export interface InferFlags extends TargetOptions, PictureFlags {
	readonly modelVersion?: string;
	readonly input?: readonly string[];
	readonly shape?: readonly string[];
	/** Text of a number. */
	readonly threshold: string;
	readonly iou: string;
	readonly labels?: string;
	readonly out?: string;
	readonly full?: boolean;
	readonly json?: boolean;
}

/** What to keep of a detector's boxes, 0 … 1. */
interface Thresholds {
	readonly threshold: number;
	readonly iouThreshold: number;
}

export async function infer(model: string, flags: InferFlags): Promise<void> {
	const thresholds = {
		threshold: fraction(flags.threshold, "--threshold"),
		iouThreshold: fraction(flags.iou, "--iou"),
	};
	await withTarget(flags, [model], (target) =>
		inferOn(target, model, flags, thresholds),
	);
}

async function inferOn(
	target: Target,
	model: string,
	flags: InferFlags,
	thresholds: Thresholds,
): Promise<void> {
	const version = flags.modelVersion ?? "";
	const facts = await target.describe(model, version);
	const gathered = await gatherInputs(facts.inputs, {
		files: flags.input ?? [],
		shapes: flags.shape ?? [],
		picture: resolvePictureSettings(facts, flags),
	});
	const startMs = performance.now();
	const answer = await target.infer(model, version, gathered.inputs);
	const durationMs = performance.now() - startMs;
	const found = await findBoxes(answer, gathered, {
		...thresholds,
		labels: gathered.picture === null ? null : await findLabels(facts, flags),
	});
	await draw(gathered, found, flags.out);
	print({ answer, durationMs, found }, flags);
}

async function findBoxes(
	answer: Answer,
	{ picture }: Gathered,
	options: DetectOptions,
): Promise<Result["found"]> {
	if (picture === null) return null;
	const { detect } = await import("./infer/detect.ts");
	return detect(answer.outputs, picture, options);
}

async function draw(
	{ picture }: Gathered,
	found: Result["found"],
	file: string | undefined,
): Promise<void> {
	if (file === undefined) return;
	if (picture === null || found === null)
		throw new UsageError(
			"--out draws the boxes of a detector on a picture; give one with --input, and a model whose output is a known detector head",
		);
	const { drawDetections } = await import("@saccade/perception");
	const { writePicture } = await import("./infer/picture.ts");
	drawDetections(picture.image, found.detections, found.labels);
	await writePicture(picture.image, file);
}

function print(result: Result, { json, full }: InferFlags): void {
	console.log(
		json === true
			? JSON.stringify(renderJson(result, full === true), null, 2)
			: renderText(result, full === true),
	);
}

function fraction(text: string, flag: string): number {
	const value = Number(text);
	if (text !== "" && value >= 0 && value <= 1) return value;
	throw new UsageError(`${flag} is between 0 and 1, got '${text}'`);
}
