// A pipeline from a configuration file: its steps loaded, timed and placed once, its graph made for each stream.
import { pathToFileURL } from "node:url";
import type { Clock } from "../common/clock.ts";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import { type Checked, checkGraph } from "./graph/check-graph.ts";
import type { PipelineDefinition, StepNode } from "./graph/definition.ts";
import { explainPipeline, type PipelineExplanation } from "./graph/explain.ts";
import { Graph } from "./graph/graph.ts";
import type { ModelLookup, StepLookup } from "./graph/node-ports.ts";
import {
	type PipelineFacts,
	type RecordedPipeline,
	threadOfStep,
} from "./graph/pipeline-facts.ts";
import { placeOf, SERVER_THREAD, unitsOf } from "./graph/place.ts";
import type { Plan, PlannedNode } from "./graph/plan.ts";
import { StageTimes } from "./graph/stage-times.ts";
import { streamProblem } from "./graph/stream-problem.ts";
import type { StreamThreads } from "./graph/stream-threads.ts";
import { loadSteps } from "./hosts/load-steps.ts";
import type { StepDescription } from "./hosts/messages.ts";
import { StepThread } from "./hosts/step-thread.ts";
import { ThreadSet } from "./hosts/thread-set.ts";
import type { ModelRunner } from "./model-runner.ts";
import type { FrameProcessor, Pipeline, StreamOpening } from "./pipeline.ts";
import { SLOW_US, SlowSteps } from "./slow-steps.ts";
import type { AnyStep } from "./steps/step.ts";

export interface PipelineLog {
	info(text: string): void;
	warn(text: string): void;
}

export interface DeclaredPipelineOptions {
	readonly definition: PipelineDefinition;
	/** File of each step that does not come with the server, by the step's name. */
	readonly stepFiles: ReadonlyMap<string, string>;
	/** Names of the steps that come with it. */
	readonly serverSteps: ReadonlyMap<string, AnyStep>;
	readonly runner: ModelRunner;
	readonly clock: Clock;
	readonly log: PipelineLog;
	/** Around the threads of each stream. @default as they are */
	readonly wrapThreads?: (
		pipeline: string,
		threads: StreamThreads,
	) => StreamThreads;
}

export class DeclaredPipeline implements RecordedPipeline {
	readonly name: string;
	readonly requests: Pipeline["requests"];
	readonly join: Pipeline["join"];
	readonly #options: DeclaredPipelineOptions;
	readonly #times = new StageTimes();
	/** Of each step node: what it is, or why it is not. */
	readonly #steps = new Map<string, StepDescription | string>();
	/** Definitions of inline steps, by node. */
	readonly #inline = new Map<string, AnyStep>();
	readonly #slow = new SlowSteps();
	readonly #threads: ThreadSet;
	#preparing: Promise<readonly string[]> | null = null;
	#isPrepared = false;

	constructor(options: DeclaredPipelineOptions) {
		this.#options = options;
		const { name, requests, join } = options.definition;
		this.name = name;
		this.requests = requests;
		this.join = join;
		this.#threads = new ThreadSet((thread) => this.#createThread(thread));
	}

	get isPrepared(): boolean {
		return this.#isPrepared;
	}

	get hasItsModels(): boolean {
		try {
			this.#assertModels();
			return true;
		} catch {
			return false;
		}
	}

	/** Loads its steps and times them, once. @returns what is wrong, models aside that are not loaded */
	prepare(): Promise<readonly string[]> {
		this.#preparing ??= this.#prepare();
		return this.#preparing;
	}

	async #prepare(): Promise<readonly string[]> {
		const { definition, log } = this.#options;
		for (const node of definition.nodes)
			if (node.kind === "step")
				this.#steps.set(node.name, await this.#describe(node));
		this.#isPrepared = true;
		const checked = this.#check();
		if (!checked.ok) return checked.problems;
		for (const planned of checked.plan.nodes) {
			if (planned.step === null) continue;
			const where = await this.#settle(planned);
			log.info(
				`pipeline '${this.name}': step '${planned.node.name}' took ${planned.step.costUs.toFixed(1)} µs with its sample and runs ${where}`,
			);
		}
		return [];
	}

	/** Throws INVALID_ARGUMENT, NOT_FOUND or UNAVAILABLE when it cannot serve such a stream. */
	open(opening: StreamOpening, clock: Clock): FrameProcessor {
		this.#assertModels();
		const plan = this.#plan();
		const problem = streamProblem(plan, opening);
		if (problem !== null)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`pipeline '${this.name}': ${problem}`,
			);
		const units = unitsOf(plan, {
			threadOf: this.#threadOf,
			isSlow: ({ node }) => this.#slow.has(node.name),
		});
		return new Graph({
			...{ plan, units, opening, clock },
			runner: this.#options.runner,
			threads: this.#threadsFor(opening),
			stepOf: ({ node }) => this.#inline.get(node.name)!,
			isOfServer: this.#isOfServer,
			observeInline: (node, us) => this.#observeInline(node, us),
			observe: (stages) => this.#times.add(stages),
		});
	}

	facts(): PipelineFacts {
		const { definition, stepFiles } = this.#options;
		const steps = Object.fromEntries(
			[...this.#steps].flatMap(([node, step]) =>
				typeof step === "string" ? [] : [[node, step]],
			),
		);
		const models = definition.nodes.flatMap((node) => {
			if (node.kind !== "model") return [];
			const ports = this.#models(node.model, node.version);
			return [[node.name, typeof ports === "string" ? null : ports] as const];
		});
		const slow = definition.nodes
			.map(({ name }) => name)
			.filter((name) => this.#slow.has(name));
		const files = definition.nodes.flatMap((node) => {
			const file = node.kind === "step" ? stepFiles.get(node.step) : undefined;
			return node.kind === "step" && file !== undefined
				? [[node.step, file] as const]
				: [];
		});
		return {
			...{ definition, steps, slow, models: Object.fromEntries(models) },
			stepFiles: Object.fromEntries(files),
		};
	}

	explain(): PipelineExplanation {
		const checked = this.#check();
		return explainPipeline(this.#options.definition, checked, {
			placeOf: (planned) => placeOf(planned, this.#slow.has(planned.node.name)),
			times: this.#times,
		});
	}

	close(): Promise<void> {
		return this.#threads.close();
	}

	/** Throws NOT_FOUND or UNAVAILABLE. */
	#assertModels(): void {
		const { definition, runner } = this.#options;
		for (const node of definition.nodes)
			if (node.kind === "model") runner.assertReady(node.model, node.version);
	}

	#plan(): Plan {
		if (!this.#isPrepared)
			throw new SaccadeError(
				"UNAVAILABLE",
				`pipeline '${this.name}' is still loading its steps; try again`,
			);
		const checked = this.#check();
		if (checked.ok) return checked.plan;
		throw new SaccadeError("UNAVAILABLE", checked.problems.join("; "));
	}

	#check(): Checked {
		const steps: StepLookup = (node) =>
			this.#steps.get(node) ?? "is not loaded yet";
		const lookups = { steps, models: this.#models };
		return checkGraph(this.#options.definition, lookups);
	}

	/** A model may come and go: what is not there now is told when a stream is opened. */
	readonly #models: ModelLookup = (model, version) => {
		try {
			return this.#options.runner.describe(model, version);
		} catch (error) {
			const { code, message } = toSaccadeError(error);
			return code === "NOT_FOUND"
				? `runs model '${model}': ${message}; put it in the repository, or correct its name`
				: null;
		}
	};

	async #describe(node: StepNode): Promise<StepDescription | string> {
		const { serverSteps, stepFiles } = this.#options;
		if (!serverSteps.has(node.step) && !stepFiles.has(node.step))
			return `names step '${node.step}', which there is not; there are ${[...serverSteps.keys(), ...stepFiles.keys()].join(", ")}`;
		const thread = this.#threads.get(this.#threadNameOf(node));
		try {
			return await thread.describe(node.step, node.settings);
		} catch (error) {
			return `names step '${node.step}', which cannot be used: ${toSaccadeError(error).message}`;
		}
	}

	/** Loads what runs inline, and ends the threads that nobody needs. @returns where it runs */
	async #settle(planned: PlannedNode): Promise<string> {
		const { node } = planned;
		if (node.kind !== "step") return "";
		if (placeOf(planned) === "thread") return "in a thread";
		const file = this.#options.stepFiles.get(node.step);
		const steps =
			file === undefined
				? this.#options.serverSteps
				: await loadSteps(pathToFileURL(file).href);
		const step = steps.get(node.step);
		if (step !== undefined) this.#inline.set(node.name, step);
		if (file !== undefined) await this.#threads.end(this.#threadNameOf(node));
		return "inline";
	}

	readonly #threadOf = ({ node }: PlannedNode): string =>
		node.kind === "step" ? this.#threadNameOf(node) : "";

	readonly #isOfServer = ({ node }: PlannedNode): boolean =>
		node.kind === "step" && !this.#options.stepFiles.has(node.step);

	#threadNameOf(node: StepNode): string {
		const { stepFiles } = this.#options;
		return threadOfStep(node, (step) => !stepFiles.has(step));
	}

	#createThread(thread: string): StepThread {
		const { definition, stepFiles, clock, log } = this.#options;
		const node = definition.nodes.find(({ name }) => name === thread);
		const file = node?.kind === "step" ? stepFiles.get(node.step) : undefined;
		const isOfServer = thread === SERVER_THREAD || file === undefined;
		return new StepThread({
			name: `${definition.name}/${thread}`,
			source: isOfServer ? null : pathToFileURL(file).href,
			clock,
			onReplaced: (reason) =>
				log.warn(`pipeline '${definition.name}': ${reason}`),
		});
	}

	#threadsFor(opening: StreamOpening): StreamThreads {
		const threads = this.#threads.forStream(opening);
		return this.#options.wrapThreads?.(this.name, threads) ?? threads;
	}

	/** What was quick with its sample may be slow with frames: streams that are opened later have it in a thread. */
	#observeInline({ node: { name } }: PlannedNode, us: number): void {
		if (!this.#slow.observe(name, us)) return;
		this.#options.log.warn(
			`pipeline '${this.name}': step '${name}' held the event loop for ${Math.round(us)} µs, and again and again for more than ${SLOW_US}; streams that are opened from now on have it in a thread`,
		);
	}
}
