// `saccade infer`: one inference, in this process or on a running server.
import { withModel } from "../app/one-shot.ts";
import type { Tensor, TensorSpec } from "../tensor/tensor.ts";
import { detect } from "./detect.ts";
import { call, inferRemote } from "./http-client.ts";
import {
	isPicture,
	pictureTensor,
	readNumbers,
	readPicture,
	zeros,
} from "./input.ts";
import { printTable, roundedBox, summary } from "./output.ts";

export interface InferOptions {
	readonly modelRepository?: string;
	readonly url: string;
	readonly input?: string;
	readonly out?: string;
	readonly channelOrder: "rgb" | "bgr";
	readonly scale: number;
	readonly threshold: number;
	readonly json?: boolean;
}

interface Target {
	readonly inputs: readonly TensorSpec[];
	readonly labels: ReadonlyMap<string, readonly string[]>;
	infer(inputs: readonly Tensor[]): Promise<Tensor[]>;
}

export async function infer(
	model: string,
	options: InferOptions,
): Promise<number> {
	if (options.modelRepository !== undefined)
		return withModel(
			options.modelRepository,
			model,
			process.env["UV_THREADPOOL_SIZE"],
			(loaded) =>
				inferOn({ ...loaded, inputs: loaded.metadata.inputs }, options),
		);
	return inferOn(await remoteTarget(options.url, model), options);
}

async function remoteTarget(url: string, model: string): Promise<Target> {
	const metadata = (await call(
		url,
		`/v2/models/${encodeURIComponent(model)}`,
	)) as {
		inputs: { name: string; datatype: Tensor["dtype"]; shape: number[] }[];
	};
	return {
		inputs: metadata.inputs.map(({ name, datatype, shape }) => ({
			name,
			dtype: datatype,
			shape,
		})),
		labels: new Map(),
		infer: (inputs) => inferRemote(url, model, inputs),
	};
}

async function inferOn(target: Target, options: InferOptions): Promise<number> {
	const [first] = target.inputs;
	if (first === undefined) throw new Error("the model has no input");
	const picture =
		options.input !== undefined && isPicture(options.input)
			? await readPicture(options.input)
			: null;
	const inputs = await Promise.all(
		target.inputs.map(async (spec) => {
			if (options.input === undefined || spec !== first) return zeros(spec);
			return picture === null
				? readNumbers(options.input, spec)
				: pictureTensor(picture, spec, options);
		}),
	);
	const startMs = performance.now();
	const outputs = await target.infer(inputs);
	const tookMs = performance.now() - startMs;
	const detections =
		picture === null
			? null
			: detect(outputs, first, picture, target.labels, options.threshold);
	if (detections !== null && picture !== null && options.out !== undefined) {
		detections.draw(picture);
		const { default: sharp } = await import("sharp");
		const raw = {
			width: picture.width,
			height: picture.height,
			channels: 3 as const,
		};
		await sharp(picture.rgb, { raw }).toFile(options.out);
	}
	const found = detections?.found.map(({ label, score, box }) => ({
		label,
		score: Number(score.toFixed(3)),
		box: roundedBox(box),
	}));
	if (options.json === true)
		console.log(
			JSON.stringify({
				tookMs: Number(tookMs.toFixed(3)),
				outputs: outputs.map(summary),
				...(found !== undefined && { detections: found }),
			}),
		);
	else if (found !== undefined)
		printTable(
			["label", "score", "x1", "y1", "x2", "y2"],
			found.map(({ label, score, box }) => [
				label,
				score.toFixed(3),
				...box.map(String),
			]),
		);
	else
		printTable(
			["output", "type", "shape", "first values"],
			outputs
				.map(summary)
				.map(({ name, datatype, shape, head }) => [
					name,
					datatype,
					`[${shape}]`,
					head.join(" "),
				]),
		);
	return 0;
}
