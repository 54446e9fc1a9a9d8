// A plan made ready to run for one stream.
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { Frame } from "../frame.ts";
import type { ModelRunner } from "../model-runner.ts";
import type {
	FrameContext,
	FrameProcessor,
	FrameResult,
	StageSpan,
	StreamOpening,
} from "../pipeline.ts";
import { readSettings } from "../steps/settings.ts";
import type { AnyStep } from "../steps/step.ts";
import type { Plan, PlannedNode } from "./check-graph.ts";
import { FrameRun, type RunnableGraph } from "./frame-run.ts";
import type { Unit } from "./place.ts";
import type { StreamThreads } from "./stream-threads.ts";
import { type AnyRunner, ownTensor, Workspace } from "./workspace.ts";

export interface GraphOptions {
	readonly plan: Plan;
	readonly units: readonly Unit[];
	readonly opening: StreamOpening;
	readonly runner: ModelRunner;
	readonly threads: StreamThreads;
	/** The definition of an inline step. */
	readonly stepOf: (node: PlannedNode) => AnyStep;
	readonly isOfServer: (node: PlannedNode) => boolean;
	/** How long an inline step held the event loop. */
	readonly observeInline: (node: PlannedNode, us: number) => void;
	readonly observe: (stages: readonly StageSpan[]) => void;
}

export class Graph implements FrameProcessor, RunnableGraph {
	readonly plan: Plan;
	readonly units: readonly Unit[];
	readonly runner: ModelRunner;
	readonly threads: StreamThreads;
	/** Of each unit, those that wait for it. */
	readonly followers: readonly (readonly number[])[];
	readonly isOfServer: (node: PlannedNode) => boolean;
	readonly observeInline: (node: PlannedNode, us: number) => void;
	readonly #options: GraphOptions;
	readonly #free: Workspace[] = [];
	/** Steps that remember: one instance for all workspaces. */
	readonly #remembering = new Map<number, AnyRunner>();
	readonly #runners = new Set<AnyRunner>();
	/** Places of the stream's devices. */
	readonly #sensorOf: ReadonlyMap<string, number>;
	readonly #running = new Set<FrameContext>();
	#workspaceCount = 0;

	constructor(options: GraphOptions) {
		this.#options = options;
		this.plan = options.plan;
		this.units = options.units;
		this.runner = options.runner;
		this.threads = options.threads;
		this.isOfServer = options.isOfServer;
		this.observeInline = options.observeInline;
		this.followers = options.units.map((_, at) =>
			options.units.flatMap(({ after }, next) =>
				after.includes(at) ? [next] : [],
			),
		);
		this.#sensorOf = new Map(
			options.opening.sensors.map(({ deviceId }, at) => [deviceId, at]),
		);
		// What a step cannot be made with is told when the stream is opened.
		this.#free.push(this.#createWorkspace());
	}

	process(
		frame: Frame,
		context: FrameContext,
	): FrameResult | Promise<FrameResult> {
		const frames = this.#framesOf(frame, context);
		this.#assertAlone();
		const workspace = this.#free.pop() ?? this.#createWorkspace();
		const run = new FrameRun(this, frames, context, workspace);
		this.#running.add(context);
		return run.run(() => {
			this.#running.delete(context);
			this.#options.observe(run.stages);
			this.#free.push(workspace);
		});
	}

	close(): void {
		for (const runner of this.#runners) runner.close?.();
		this.threads.close();
	}

	/** A stream's profile may change to more frames at once while it is open. One that was given up is no harm. */
	#assertAlone(): void {
		if (!this.plan.remembers || this.#running.size === 0) return;
		for (const { signal } of this.#running)
			if (!signal.aborted)
				throw new SaccadeError(
					"UNAVAILABLE",
					`pipeline '${this.plan.definition.name}' remembers earlier frames and runs one at a time; set max_in_flight to 1`,
				);
	}

	#framesOf(frame: Frame, { companions }: FrameContext): (Frame | null)[] {
		const { sensors } = this.plan.definition;
		const frames: (Frame | null)[] = sensors.map(() => null);
		frames[0] = frame;
		for (const companion of companions) {
			const at = this.#sensorOf.get(companion.deviceId);
			if (at !== undefined && at < frames.length) frames[at] = companion;
		}
		for (const [at, { name, payload }] of sensors.entries()) {
			const one = frames[at] ?? null;
			if (one === null || payload === "reading") continue;
			if (one.payload?.kind !== payload)
				throw new SaccadeError(
					"INVALID_ARGUMENT",
					`'${name}' sends ${payload}, the frame carries ${one.payload?.kind ?? "a plain value"}`,
				);
		}
		return frames;
	}

	#createWorkspace(): Workspace {
		const { definition, nodes } = this.plan;
		const runners = new Map<number, AnyRunner>();
		for (const unit of this.units) {
			const node = unit.nodes[0]!;
			if (unit.place === "inline")
				runners.set(node.index, this.#createRunner(node));
		}
		const sourceCount = definition.sensors.length + nodes.length;
		return new Workspace(this.#workspaceCount++, sourceCount, runners);
	}

	#createRunner(planned: PlannedNode): AnyRunner {
		const known = this.#remembering.get(planned.index);
		if (known !== undefined) return known;
		const step = this.#options.stepOf(planned);
		const given = planned.node.kind === "step" ? planned.node.settings : {};
		const read = readSettings(step.settings, given);
		if (!read.ok)
			throw new SaccadeError("INVALID_ARGUMENT", read.problems.join("; "));
		const { opening } = this.#options;
		const runner: AnyRunner = step.create({
			...{ settings: read.settings, opening, tensor: ownTensor },
		});
		if (step.remembers === true) this.#remembering.set(planned.index, runner);
		this.#runners.add(runner);
		return runner;
	}
}
