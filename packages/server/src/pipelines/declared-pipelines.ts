// All pipelines of the configuration: loaded together, so that every problem of every one is told at once.
import { pathToFileURL } from "node:url";
import type { Clock } from "../common/clock.ts";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import { DeclaredPipeline, type PipelineLog } from "./declared-pipeline.ts";
import type { PipelineDefinition } from "./graph/definition.ts";
import type { PipelineExplanation } from "./graph/explain.ts";
import { StepThread } from "./hosts/step-thread.ts";
import type { ModelRunner } from "./model-runner.ts";
import { BUILTIN_STEPS } from "./steps/builtin-steps.ts";

export interface DeclaredPipelinesOptions {
	readonly definitions: readonly PipelineDefinition[];
	/** Modules that export steps. */
	readonly stepFiles: readonly string[];
	readonly runner: ModelRunner;
	readonly clock: Clock;
	readonly log: PipelineLog;
}

export class DeclaredPipelines {
	readonly pipelines: readonly DeclaredPipeline[];
	readonly #options: DeclaredPipelinesOptions;
	/** File of each step of somebody else. */
	readonly #fileOfStep = new Map<string, string>();

	constructor(options: DeclaredPipelinesOptions) {
		this.#options = options;
		const { runner, clock, log } = options;
		this.pipelines = options.definitions.map(
			(definition) =>
				new DeclaredPipeline({
					...{ definition, runner, clock, log },
					stepFiles: this.#fileOfStep,
					serverSteps: BUILTIN_STEPS,
				}),
		);
	}

	/** When the models are loaded. Throws LOAD_FAILED with every problem. */
	async prepare(): Promise<void> {
		const problems: string[] = [];
		for (const file of this.#options.stepFiles)
			await this.#readFile(file, problems);
		const found = await Promise.all(
			this.pipelines.map((pipeline) => pipeline.prepare()),
		);
		problems.push(...found.flat());
		if (problems.length > 0)
			throw new SaccadeError("LOAD_FAILED", problems.join("\n"));
	}

	explain(): readonly PipelineExplanation[] {
		return this.pipelines.map((pipeline) => pipeline.explain());
	}

	async close(): Promise<void> {
		await Promise.all(this.pipelines.map((pipeline) => pipeline.close()));
	}

	/** In a thread: what a file does when it is loaded, it does there. */
	async #readFile(file: string, problems: string[]): Promise<void> {
		const thread = new StepThread({
			name: file,
			source: pathToFileURL(file).href,
			clock: this.#options.clock,
		});
		try {
			const names = await thread.list();
			if (names.length === 0)
				problems.push(
					`${file} exports no step; make one with defineStep of 'saccade/steps'`,
				);
			for (const name of names) {
				const other =
					this.#fileOfStep.get(name) ??
					(BUILTIN_STEPS.has(name) ? "the server" : null);
				if (other !== null)
					problems.push(
						`${file}: step '${name}' is there already, from ${other}; give it another name`,
					);
				else this.#fileOfStep.set(name, file);
			}
		} catch (error) {
			problems.push(`${file}: ${toSaccadeError(error).message}`);
		} finally {
			await thread.close();
		}
	}
}
