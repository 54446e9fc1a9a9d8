// Runs the steps of one segment, one after the other, each with what those before it gave.
import { readSettings } from "../steps/settings.ts";
import {
	type AnyStep,
	type StepFrame,
	type StepRunner,
	stepMemory,
} from "../steps/step.ts";
import type { SegmentSpec, SegmentStep, ThreadSpan } from "./messages.ts";
import { stepFailure } from "./step-failure.ts";

type Values = Record<string, unknown>;
type AnyRunner = StepRunner<Values, Values>;

export interface SegmentRunnerOptions {
	readonly steps: ReadonlyMap<string, AnyStep>;
	readonly spec: SegmentSpec;
	/** Other threads read its tensors. */
	readonly isShared: boolean;
	readonly ofServer: boolean;
	/** Instances that remember, by node: one for all workspaces of a stream. */
	readonly remembering: Map<string, AnyRunner>;
	nowUs(): number;
}

export class SegmentRunner {
	readonly #options: SegmentRunnerOptions;
	readonly #runners: readonly AnyRunner[];
	/** By index of the source. */
	readonly #values: Values[] = [];

	/** Throws what a step's `create` does. */
	constructor(options: SegmentRunnerOptions) {
		this.#options = options;
		this.#runners = options.spec.steps.map((step) => this.#create(step));
		const { steps, takes } = options.spec;
		for (const { index } of [...steps, ...takes]) this.#values[index] = {};
	}

	/** Throws a SaccadeError that names the step. */
	async run(
		inputs: readonly unknown[],
		frame: Omit<StepFrame, "nowUs">,
		spans: ThreadSpan[],
	): Promise<readonly unknown[]> {
		const { spec, ofServer } = this.#options;
		for (const [at, { index, port }] of spec.takes.entries())
			this.#values[index]![port] = inputs[at];
		for (const [at, step] of spec.steps.entries()) {
			const beginUs = this.#options.nowUs();
			try {
				const answer = this.#start(at, step, { ...frame, nowUs: beginUs });
				if (answer instanceof Promise) await answer;
			} catch (error) {
				throw stepFailure(error, step.node, ofServer);
			}
			const endUs = this.#options.nowUs();
			spans.push({ name: step.node, beginUs, endUs });
		}
		return spec.gives.map(({ index, port }) => this.#values[index]?.[port]);
	}

	close(): void {
		const kept = new Set(this.#options.remembering.values());
		for (const runner of this.#runners) if (!kept.has(runner)) runner.close?.();
	}

	#start(at: number, step: SegmentStep, frame: StepFrame) {
		const inputs: Values = {};
		for (const { name, source } of step.inputs)
			inputs[name] =
				source === null
					? null
					: (this.#values[source.index]?.[source.port] ?? null);
		return this.#runners[at]!.run(inputs, this.#values[step.index]!, frame);
	}

	#create({ node, step: name, settings: given }: SegmentStep): AnyRunner {
		const { steps, spec, isShared, ofServer, remembering } = this.#options;
		const known = remembering.get(node);
		if (known !== undefined) return known;
		const step = steps.get(name);
		if (step === undefined) throw new Error(`there is no step '${name}'`);
		const read = readSettings(step.settings, given);
		if (!read.ok) throw new Error(read.problems.join("; "));
		try {
			const runner: AnyRunner = step.create({
				settings: read.settings,
				opening: spec.opening,
				...stepMemory(isShared),
			});
			if (step.remembers === true || step.listens === true)
				remembering.set(node, runner);
			return runner;
		} catch (error) {
			throw stepFailure(error, node, ofServer);
		}
	}
}
