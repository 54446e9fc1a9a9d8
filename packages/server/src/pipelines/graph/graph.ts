// A plan made ready to run for one stream.
import type { Clock } from "../../common/clock.ts";
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
import { type AnyStep, stepMemory } from "../steps/step.ts";
import { coursesOf } from "./courses.ts";
import { type Course, FrameRun, type RunnableGraph } from "./frame-run.ts";
import { JoinPoint } from "./join-point.ts";
import type { Unit } from "./place.ts";
import type { Plan, PlannedNode } from "./plan.ts";
import type { StreamThreads } from "./stream-threads.ts";
import { type AnyRunner, type Values, Workspace } from "./workspace.ts";

export interface GraphOptions {
	readonly plan: Plan;
	readonly units: readonly Unit[];
	readonly opening: StreamOpening;
	readonly clock: Clock;
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
	readonly memories: ReadonlyMap<number, Values>;
	readonly joins: ReadonlyMap<number, JoinPoint>;
	readonly isOfServer: (node: PlannedNode) => boolean;
	readonly observeInline: (node: PlannedNode, us: number) => void;
	readonly #options: GraphOptions;
	/** By branch. */
	readonly #courses: readonly Course[];
	readonly #free: readonly Workspace[][];
	readonly #running: readonly Set<FrameContext>[];
	/** Steps that remember: one instance for all workspaces. */
	readonly #remembering = new Map<number, AnyRunner>();
	readonly #runners = new Set<AnyRunner>();
	/** Places of the stream's devices. */
	readonly #sensorOf: ReadonlyMap<string, number>;
	#workspaceCount = 0;

	constructor(options: GraphOptions) {
		this.#options = options;
		this.plan = options.plan;
		this.units = options.units;
		this.runner = options.runner;
		this.threads = options.threads;
		this.isOfServer = options.isOfServer;
		this.observeInline = options.observeInline;
		const { plan, clock } = options;
		this.memories = new Map(
			plan.nodes.flatMap(({ index, step }) =>
				step?.listens === true ? [[index, {}] as const] : [],
			),
		);
		this.joins = new Map(
			plan.nodes.flatMap(({ index, node, inputs }) => {
				if (node.kind !== "join") return [];
				const names = inputs.slice(1).map(({ name }) => name);
				return [[index, new JoinPoint(node.rule, names, clock)] as const];
			}),
		);
		this.#courses = coursesOf(plan, options.units, this.joins);
		this.#free = plan.branches.map(() => []);
		this.#running = plan.branches.map(() => new Set());
		this.#sensorOf = new Map(
			options.opening.sensors.map(({ deviceId }, at) => [deviceId, at]),
		);
		// What a step cannot be made with is told when the stream is opened.
		for (const [branch, free] of this.#free.entries())
			free.push(this.#createWorkspace(branch));
	}

	get laneCount(): number {
		return this.#courses.length;
	}

	/** Frames of unlike branches do not wait for each other. */
	laneOf(deviceId: string): number {
		return this.plan.ofSensor[this.#sensorOf.get(deviceId) ?? 0] ?? 0;
	}

	process(
		frame: Frame,
		context: FrameContext,
	): FrameResult | Promise<FrameResult> {
		const branch = this.laneOf(frame.deviceId);
		const frames = this.#framesOf(frame, context);
		this.#assertAlone(branch);
		const workspace =
			this.#free[branch]!.pop() ?? this.#createWorkspace(branch);
		const running = this.#running[branch]!;
		const input = { frame, frames, context };
		const course = this.#courses[branch]!;
		const run = new FrameRun(this, course, input, workspace);
		running.add(context);
		return run.run(() => {
			running.delete(context);
			this.#options.observe(run.stages);
		});
	}

	close(): void {
		for (const join of this.joins.values()) join.close();
		for (const runner of this.#runners) runner.close?.();
		this.threads.close();
	}

	/** A stream's profile may change to more frames at once while it is open. One that was given up is no harm. */
	#assertAlone(branch: number): void {
		if (!this.plan.branches[branch]!.remembers) return;
		for (const { signal } of this.#running[branch]!)
			if (!signal.aborted)
				throw new SaccadeError(
					"UNAVAILABLE",
					`pipeline '${this.plan.definition.name}' remembers earlier frames and runs one at a time; set max_in_flight to 1`,
				);
	}

	#framesOf(frame: Frame, { companions }: FrameContext): (Frame | null)[] {
		const { sensors } = this.plan.definition;
		const frames: (Frame | null)[] = sensors.map(() => null);
		const isJoined = this.plan.definition.join !== null;
		frames[isJoined ? 0 : (this.#sensorOf.get(frame.deviceId) ?? 0)] = frame;
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

	#createWorkspace(branch: number): Workspace {
		const { definition, nodes } = this.plan;
		const runners = new Map<number, AnyRunner>();
		for (const at of this.#courses[branch]!.units) {
			const { nodes: own, place } = this.units[at]!;
			const node = own[0]!;
			if (place === "inline") runners.set(node.index, this.#createRunner(node));
		}
		return new Workspace({
			number: this.#workspaceCount++,
			sourceCount: definition.sensors.length + nodes.length,
			runners,
			onFree: (free) => this.#free[branch]!.push(free),
		});
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
			...{ settings: read.settings, opening, ...stepMemory(false) },
		});
		if (step.remembers === true || step.listens === true)
			this.#remembering.set(planned.index, runner);
		this.#runners.add(runner);
		return runner;
	}
}
