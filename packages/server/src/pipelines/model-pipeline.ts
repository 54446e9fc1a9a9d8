// Frames whose tensors are a model's inputs: they run through the model's own scheduler, with the frame's deadline, and
// batch there with the requests of everybody else.
import { SaccadeError } from "../errors/saccade-error.ts";
import type { Frame } from "./frame.ts";
import type { ModelRunner } from "./model-runner.ts";
import type {
	FrameContext,
	FrameProcessor,
	FrameResult,
	Pipeline,
} from "./pipeline.ts";

/** Streams ask for `model:<name>` or `model:<name>/<version>`. */
export const MODEL_PREFIX = "model:";

/** @param target what follows `model:` */
export function createModelPipeline(
	target: string,
	runner: ModelRunner,
): Pipeline {
	const slash = target.lastIndexOf("/");
	const modelName = slash < 0 ? target : target.slice(0, slash);
	const modelVersion = slash < 0 ? "" : target.slice(slash + 1);
	return {
		name: `${MODEL_PREFIX}${target}`,
		requests: {},
		join: null,
		open: () => {
			runner.assertReady(modelName, modelVersion);
			return new ModelProcessor(modelName, modelVersion, runner);
		},
	};
}

class ModelProcessor implements FrameProcessor {
	readonly #modelName: string;
	readonly #modelVersion: string;
	readonly #runner: ModelRunner;

	constructor(modelName: string, modelVersion: string, runner: ModelRunner) {
		this.#modelName = modelName;
		this.#modelVersion = modelVersion;
		this.#runner = runner;
	}

	async process(frame: Frame, context: FrameContext): Promise<FrameResult> {
		const { payload, deadlineUs, receivedUs } = frame;
		if (payload?.kind !== "tensors")
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`model '${this.#modelName}' takes tensors, the frame carries ${payload === null ? "a plain value" : `a payload of kind '${payload.kind}'`}`,
			);
		const beginUs = context.nowUs();
		const outputs = await this.#runner.run({
			modelName: this.#modelName,
			modelVersion: this.#modelVersion,
			inputs: payload.tensors,
			deadlineUs,
			receivedUs,
			signal: context.signal,
			trace: context.trace ?? null,
		});
		const stage = { name: "model", beginUs, endUs: context.nowUs() };
		return { decision: null, outputs, stages: [stage] };
	}

	close(): void {}
}
