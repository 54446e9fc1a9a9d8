// All pipelines of the configuration: loaded together, so that every problem of every one is told at once.
import { pathToFileURL } from "node:url";
import type { Clock } from "../common/clock.ts";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import {
	DeclaredPipeline,
	type DeclaredPipelineOptions,
	type PipelineLog,
} from "./declared-pipeline.ts";
import type { PipelineDefinition } from "./graph/definition.ts";
import type { PipelineExplanation } from "./graph/explain.ts";
import { StepThread } from "./hosts/step-thread.ts";
import type { ModelRunner } from "./model-runner.ts";
import { BUILTIN_STEPS } from "./steps/builtin-steps.ts";

export interface DeclaredPipelinesOptions {
	readonly definitions: readonly PipelineDefinition[];
	/** Those that come with the server: made ready when their models are there. @default none */
	readonly bundled?: readonly PipelineDefinition[];
	/** Modules that export steps. */
	readonly stepFiles: readonly string[];
	readonly runner: ModelRunner;
	readonly clock: Clock;
	readonly log: PipelineLog;
	/** Around the threads of each stream. @default as they are */
	readonly wrapThreads?: DeclaredPipelineOptions["wrapThreads"];
}

export class DeclaredPipelines {
	/** Those of the configuration, then those that come with the server. */
	readonly pipelines: readonly DeclaredPipeline[];
	readonly #bundled: readonly DeclaredPipeline[];
	readonly #options: DeclaredPipelinesOptions;
	/** File of each step of somebody else. */
	readonly #fileOfStep = new Map<string, string>();

	constructor(options: DeclaredPipelinesOptions) {
		this.#options = options;
		const { runner, clock, log, definitions, bundled = [] } = options;
		const { wrapThreads } = options;
		const create = (definition: PipelineDefinition) =>
			new DeclaredPipeline({
				...{ definition, runner, clock, log },
				...(wrapThreads !== undefined && { wrapThreads }),
				stepFiles: this.#fileOfStep,
				serverSteps: BUILTIN_STEPS,
			});
		this.#bundled = bundled.map(create);
		this.pipelines = [...definitions.map(create), ...this.#bundled];
	}

	/** When the models are loaded. Throws LOAD_FAILED with every problem. */
	async prepare(): Promise<void> {
		const problems: string[] = [];
		for (const file of this.#options.stepFiles)
			await this.#readFile(file, problems);
		const found = await Promise.all(
			this.pipelines
				.filter((one) => !this.#bundled.includes(one) || one.hasItsModels)
				.map((pipeline) => pipeline.prepare()),
		);
		problems.push(...found.flat());
		if (problems.length > 0)
			throw new SaccadeError("LOAD_FAILED", problems.join("\n"));
	}

	/** A model is there that was not: what comes with the server and waited for it is made ready. */
	async modelReady(): Promise<void> {
		const waiting = this.#bundled.filter(
			(one) => !one.isPrepared && one.hasItsModels,
		);
		const found = await Promise.all(waiting.map((one) => one.prepare()));
		for (const problem of found.flat()) this.#options.log.warn(problem);
	}

	/** Those that are, or are to be, ready. */
	explain(): readonly PipelineExplanation[] {
		return this.pipelines
			.filter((one) => !this.#bundled.includes(one) || one.isPrepared)
			.map((pipeline) => pipeline.explain());
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
