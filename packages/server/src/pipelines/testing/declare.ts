// Pipelines from YAML, as a server would have them, with models that a test scripts.
import { join } from "node:path";
import { parse } from "yaml";
import { systemClock } from "../../common/clock.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { Tensor, TensorSpec } from "../../tensor/tensor.ts";
import type { DeclaredPipeline } from "../declared-pipeline.ts";
import { DeclaredPipelines } from "../declared-pipelines.ts";
import { readDefinitions } from "../graph/read-definition.ts";
import { NO_STREAM } from "../hosts/describe-step.ts";
import type { ModelRun, ModelRunner } from "../model-runner.ts";
import type { StreamOpening } from "../pipeline.ts";

export const PLUG_INS: string = join(import.meta.dirname, "plug-ins");

export interface ScriptedModel {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	run(run: ModelRun): Promise<readonly Tensor[]>;
}

function scriptedRunner(
	models: Readonly<Record<string, ScriptedModel>>,
): ModelRunner {
	const find = (name: string) => {
		const model = models[name];
		if (model !== undefined) return model;
		throw new SaccadeError("NOT_FOUND", `there is no model '${name}'`);
	};
	return {
		run: (run) => find(run.modelName).run(run),
		assertReady: (name) => {
			find(name);
		},
		describe: (name) => find(name),
	};
}

export interface Declared {
	readonly all: DeclaredPipelines;
	readonly warnings: readonly string[];
	pipeline(name: string): DeclaredPipeline;
}

/** Throws what `prepare` does. */
export async function declare(
	yaml: string,
	options: {
		readonly models?: Readonly<Record<string, ScriptedModel>>;
		readonly stepFiles?: readonly string[];
	} = {},
): Promise<Declared> {
	const problems: string[] = [];
	const sections = parse(yaml) as { readonly pipelines: unknown };
	const definitions = readDefinitions(
		sections.pipelines,
		"saccade.yaml",
		problems,
	);
	if (problems.length > 0) throw new Error(problems.join("\n"));
	const warnings: string[] = [];
	const all = new DeclaredPipelines({
		definitions,
		stepFiles: options.stepFiles ?? [],
		runner: scriptedRunner(options.models ?? {}),
		clock: systemClock,
		log: { info: () => {}, warn: (text) => warnings.push(text) },
	});
	try {
		await all.prepare();
	} catch (error) {
		await all.close();
		throw error;
	}
	return {
		all,
		warnings,
		pipeline: (name) => all.pipelines.find((one) => one.name === name)!,
	};
}

export function openingOf(
	maxInFlightCount = 1,
	fields: Partial<StreamOpening> = {},
): StreamOpening {
	return {
		...NO_STREAM,
		qos: { ...NO_STREAM.qos, maxInFlightCount },
		...fields,
	};
}
