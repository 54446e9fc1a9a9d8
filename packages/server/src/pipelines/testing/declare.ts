// Pipelines from YAML, as a server would have them, with models that a test scripts.
import { join } from "node:path";
import { parse } from "yaml";
import { systemClock } from "../../common/clock.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { Tensor, TensorSpec } from "../../tensor/tensor.ts";
import { bundledPipelines } from "../bundled/bundled-pipelines.ts";
import type { DeclaredPipeline } from "../declared-pipeline.ts";
import {
	DeclaredPipelines,
	type DeclaredPipelinesOptions,
} from "../declared-pipelines.ts";
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

interface DeclareOptions {
	readonly models?: Readonly<Record<string, ScriptedModel>>;
	readonly stepFiles?: readonly string[];
}

/** Throws what `prepare` does. */
export function declare(
	yaml: string,
	options: DeclareOptions = {},
): Promise<Declared> {
	const problems: string[] = [];
	const sections = parse(yaml) as { readonly pipelines: unknown };
	const definitions = readDefinitions(
		sections.pipelines,
		"saccade.yaml",
		problems,
	);
	if (problems.length > 0)
		return Promise.reject(new Error(problems.join("\n")));
	return prepare({ definitions }, options);
}

/** Those that come with the server. */
export function declareBundled(options: DeclareOptions): Promise<Declared> {
	return prepare({ definitions: [], bundled: bundledPipelines() }, options);
}

async function prepare(
	pipelines: Pick<DeclaredPipelinesOptions, "definitions" | "bundled">,
	options: DeclareOptions,
): Promise<Declared> {
	const warnings: string[] = [];
	const all = new DeclaredPipelines({
		...pipelines,
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
