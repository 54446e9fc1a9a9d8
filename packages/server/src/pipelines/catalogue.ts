import { SaccadeError } from "../errors/saccade-error.ts";
import { createModelPipeline, MODEL_PREFIX } from "./model-pipeline.ts";
import type { ModelRunner } from "./model-runner.ts";
import type { Pipeline, PipelineCatalogue } from "./pipeline.ts";

/** Named pipelines, and every model of the repository as `model:<name>`. */
export function createCatalogue(
	pipelines: readonly Pipeline[],
	runner: ModelRunner,
): PipelineCatalogue {
	const byName = new Map(pipelines.map((one) => [one.name, one]));
	return {
		find: (name) => {
			const pipeline = byName.get(name);
			if (pipeline !== undefined) return pipeline;
			if (name.startsWith(MODEL_PREFIX))
				return createModelPipeline(name.slice(MODEL_PREFIX.length), runner);
			throw new SaccadeError(
				"NOT_FOUND",
				`there is no pipeline '${name.slice(0, 100)}'; there are ${[...byName.keys()].join(", ")} and model:<name>`,
			);
		},
	};
}
