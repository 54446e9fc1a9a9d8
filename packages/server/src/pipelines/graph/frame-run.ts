// One frame on its way through a graph. A unit starts when those before it are done; each runs at most once, and after
// the first failure none starts any more. The answer comes when nothing runs any more, since what runs reads the
// frame's bytes.
import { SaccadeError, withoutStack } from "../../errors/saccade-error.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Frame } from "../frame.ts";
import { stepFailure } from "../hosts/step-failure.ts";
import type { ModelRunner } from "../model-runner.ts";
import type { FrameContext, FrameResult, StageSpan } from "../pipeline.ts";
import type { Joined, JoinPoint } from "./join-point.ts";
import type { Unit } from "./place.ts";
import type { Plan, PlannedNode } from "./plan.ts";
import { resultTensors } from "./result-tensors.ts";
import type { StreamThreads } from "./stream-threads.ts";
import { FRAME_PORT, type ValueSource } from "./value-source.ts";
import type { Values, Workspace } from "./workspace.ts";

/** What the frames of one branch run through. */
export interface Course {
	/** Places of its units. */
	readonly units: readonly number[];
	/** Of each unit of the graph, those of this branch that wait for it. */
	readonly followers: readonly (readonly number[])[];
	/** Of each unit of the graph, how many of this branch it waits for. */
	readonly waitsFor: Int32Array;
	/** Values of it that joins of other branches keep. */
	readonly offers: readonly {
		readonly join: JoinPoint;
		readonly name: string;
		readonly source: ValueSource;
	}[];
	readonly decision: ValueSource | null;
	readonly outputs: Plan["outputs"];
}

/** What frames run through. */
export interface RunnableGraph {
	readonly plan: Plan;
	readonly units: readonly Unit[];
	/** Of what listens, what it gave last, by index of the source. */
	readonly memories: ReadonlyMap<number, Values>;
	/** By index of the node. */
	readonly joins: ReadonlyMap<number, JoinPoint>;
	readonly runner: ModelRunner;
	readonly threads: StreamThreads;
	readonly isOfServer: (node: PlannedNode) => boolean;
	readonly observeInline: (node: PlannedNode, us: number) => void;
}

export class FrameRun {
	readonly #graph: RunnableGraph;
	readonly #course: Course;
	readonly #frame: Frame;
	readonly #context: FrameContext;
	readonly #workspace: Workspace;
	/** By index of the sensor; null: none came with it. */
	readonly #frames: readonly (Frame | null)[];
	readonly #spans: StageSpan[];
	/** Of each unit, how many it waits for. */
	readonly #waitsFor: Int32Array;
	/** Of other frames, whose values it was joined with. */
	readonly #held: Workspace[] = [];
	#runningCount = 0;
	#failure: Error | null = null;
	#isStarting = false;
	#answer: {
		readonly resolve: (result: FrameResult) => void;
		readonly reject: (error: Error) => void;
	} | null = null;

	constructor(
		graph: RunnableGraph,
		course: Course,
		input: {
			readonly frame: Frame;
			readonly frames: readonly (Frame | null)[];
			readonly context: FrameContext;
		},
		workspace: Workspace,
	) {
		this.#graph = graph;
		this.#course = course;
		this.#frames = input.frames;
		this.#frame = input.frame;
		this.#context = input.context;
		this.#workspace = workspace;
		// Told as they end, so that a frame that never gets to its result can still be explained.
		this.#spans = input.context.trace?.stages ?? [];
		this.#waitsFor = course.waitsFor.slice();
	}

	/** So far. */
	get stages(): readonly StageSpan[] {
		return this.#spans;
	}

	/** @param ended nothing of it runs any more */
	run(ended: () => void): FrameResult | Promise<FrameResult> {
		this.#workspace.hold();
		const done = () => {
			for (const workspace of this.#held) workspace.letGo();
			ended();
			this.#workspace.letGo();
		};
		this.#isStarting = true;
		const { units, waitsFor } = this.#course;
		for (const at of units) if (waitsFor[at] === 0) this.#start(at);
		this.#isStarting = false;
		if (this.#runningCount > 0)
			return new Promise<FrameResult>((resolve, reject) => {
				this.#answer = { resolve, reject };
			}).finally(done);
		try {
			return this.#result();
		} finally {
			done();
		}
	}

	#start(at: number): void {
		if (this.#failure !== null) return;
		const unit = this.#graph.units[at]!;
		let answer: void | Promise<void>;
		try {
			this.#assertWanted(unit);
			answer = this.#begin(unit);
		} catch (error) {
			this.#failure = error as Error;
			return;
		}
		if (!(answer instanceof Promise)) {
			this.#ended(at);
			return;
		}
		this.#runningCount++;
		answer.then(
			() => this.#settled(at, null),
			(error: Error) => this.#settled(at, error),
		);
	}

	#settled(at: number, error: Error | null): void {
		this.#runningCount--;
		this.#failure ??= error;
		if (error === null) this.#ended(at);
		if (this.#runningCount > 0 || this.#isStarting) return;
		try {
			this.#answer?.resolve(this.#result());
		} catch (failure) {
			this.#answer?.reject(failure as Error);
		}
	}

	#ended(at: number): void {
		for (const next of this.#course.followers[at]!)
			if (--this.#waitsFor[next]! === 0) this.#start(next);
	}

	#begin(unit: Unit): void | Promise<void> {
		switch (unit.place) {
			case "inline":
				return this.#runInline(unit.nodes[0]!);
			case "model":
				return this.#runModel(unit.nodes[0]!);
			case "thread":
				return this.#runInThread(unit);
			case "join":
				return this.#join(unit.nodes[0]!);
		}
	}

	#join({ node, index, inputs }: PlannedNode): void | Promise<void> {
		const [lead] = inputs;
		const beginUs = this.#context.nowUs();
		const { measuredUs, receivedUs } = this.#frame;
		const { signal } = this.#context;
		const taken = ({ values, held }: Joined) => {
			this.#held.push(...held);
			const into = this.#workspace.values[index]!;
			Object.assign(into, values);
			into[lead!.name] = this.#sent(lead!.source!, false);
			const endUs = this.#context.nowUs();
			this.#spans.push({ name: node.name, beginUs, endUs });
		};
		const answer = this.#graph.joins
			.get(index)!
			.take({ measuredUs, receivedUs, signal });
		if (answer instanceof Promise) return answer.then(taken);
		taken(answer);
	}

	#runInline(planned: PlannedNode): void | Promise<void> {
		const { node, index } = planned;
		const inputs: Record<string, unknown> = {};
		for (const { name, source, optional } of planned.inputs)
			inputs[name] = this.#value(source, optional);
		const beginUs = this.#context.nowUs();
		const { deviceId, sequence, frameId, measuredUs, deadlineUs } = this.#frame;
		const frame = { deviceId, sequence, frameId, measuredUs, deadlineUs };
		const runner = this.#workspace.runners.get(index)!;
		const outputs = this.#valuesOf(index);
		const ofServer = this.#graph.isOfServer(planned);
		const ended = () => {
			const endUs = this.#context.nowUs();
			this.#spans.push({ name: node.name, beginUs, endUs });
			this.#graph.observeInline(planned, endUs - beginUs);
		};
		try {
			const answer = runner.run(inputs, outputs, { ...frame, nowUs: beginUs });
			if (!(answer instanceof Promise)) return ended();
			return answer.then(ended, (error: unknown) => {
				throw stepFailure(error, node.name, ofServer);
			});
		} catch (error) {
			throw stepFailure(error, node.name, ofServer);
		}
	}

	async #runModel({ node, index, inputs }: PlannedNode): Promise<void> {
		if (node.kind !== "model") return;
		const tensors = inputs.map(({ name, source, optional }) => ({
			...(this.#value(source, optional) as Tensor),
			name,
		}));
		const beginUs = this.#context.nowUs();
		const outputs = await this.#graph.runner.run({
			modelName: node.model,
			modelVersion: node.version,
			inputs: tensors,
			deadlineUs: this.#frame.deadlineUs,
			receivedUs: this.#frame.receivedUs,
			signal: this.#context.signal,
			memory: this.#workspace.memoryOf(index),
			trace: this.#context.trace ?? null,
		});
		for (const tensor of outputs)
			this.#workspace.values[index]![tensor.name] = tensor;
		const endUs = this.#context.nowUs();
		this.#spans.push({ name: node.name, beginUs, endUs });
	}

	async #runInThread(unit: Unit): Promise<void> {
		const { deviceId, sequence, frameId, measuredUs, deadlineUs } = this.#frame;
		const optional = optionalSources(unit);
		const { outputs, spans } = await this.#graph.threads.run(unit, {
			workspace: this.#workspace.number,
			inputs: unit.takes.map((source) =>
				this.#sent(source, optional.has(keyOf(source))),
			),
			frame: { deviceId, sequence, frameId, measuredUs, deadlineUs },
			signal: this.#context.signal,
		});
		for (const [at, { index, port }] of unit.gives.entries())
			this.#valuesOf(index)[port] = outputs[at];
		this.#spans.push(...spans);
	}

	/** Where a node's outputs are: of what listens, there is one place for all frames. */
	#valuesOf(index: number): Values {
		return this.#graph.memories.get(index) ?? this.#workspace.values[index]!;
	}

	/** What a thread or a join gets: frames and their tensors lie in memory that is not theirs. */
	#sent(source: ValueSource, optional: boolean): unknown {
		const value = this.#value(source, optional);
		if (source.index >= this.#frames.length || value === null) return value;
		if (source.port === FRAME_PORT)
			return this.#workspace.shared(source.index, value as Frame);
		const tensor = value as Tensor;
		return { ...tensor, data: new Uint8Array(tensor.data) };
	}

	#value(source: ValueSource | null, optional: boolean): unknown {
		if (source === null) return null;
		const { index, port } = source;
		if (index >= this.#frames.length) {
			const value = this.#valuesOf(index)[port];
			if (value != null || optional || !this.#mayBeAbsent(index))
				return value ?? null;
			throw this.#absent(index);
		}
		const frame = this.#frames[index] ?? null;
		const { name } = this.#graph.plan.definition.sensors[index]!;
		if (frame === null) {
			if (optional) return null;
			throw this.#absent(index);
		}
		if (port === FRAME_PORT) return frame;
		const { payload } = frame;
		const tensors = payload?.kind === "tensors" ? payload.tensors : [];
		const tensor = tensors.find((one) => one.name === port);
		if (tensor !== undefined) return tensor;
		throw withoutStack(
			() =>
				new SaccadeError(
					"INVALID_ARGUMENT",
					`the frame of '${name}' has no tensor '${port}'; it has ${tensors.map((one) => one.name).join(", ") || "none"}`,
				),
		);
	}

	/** What listens may have heard nothing yet, and a join may have found nothing. */
	#mayBeAbsent(index: number): boolean {
		const { memories, joins } = this.#graph;
		return memories.has(index) || joins.has(index);
	}

	#absent(index: number): SaccadeError {
		const { definition, nodes } = this.#graph.plan;
		const { name } =
			definition.sensors[index] ?? nodes[index - this.#frames.length]!.node;
		return withoutStack(
			() =>
				new SaccadeError("UNAVAILABLE", `nothing of '${name}' came with it`),
		);
	}

	/** Nothing starts for a frame that nobody waits for any more. */
	#assertWanted({ nodes }: Unit): void {
		const { signal } = this.#context;
		const before = nodes[0]!.node.name;
		if (signal.aborted)
			throw withoutStack(
				() => new SaccadeError("CANCELLED", `given up before '${before}'`),
			);
		const lateUs = this.#context.nowUs() - this.#frame.deadlineUs;
		if (lateUs < 0) return;
		throw withoutStack(
			() =>
				new SaccadeError(
					"DEADLINE_EXCEEDED",
					`its deadline passed ${(lateUs / 1000).toFixed(1)} ms before '${before}'`,
				),
		);
	}

	#result(): FrameResult {
		if (this.#failure !== null) throw this.#failure;
		const { decision, outputs, offers } = this.#course;
		const { measuredUs } = this.#frame;
		for (const { join, name, source } of offers)
			join.offer(name, {
				measuredUs,
				value: this.#sent(source, true),
				workspace: this.#workspace,
			});
		const decided = decision === null ? null : this.#value(decision, false);
		return {
			decision: decided as FrameResult["decision"],
			outputs: outputs.flatMap(({ name, source, kind }) =>
				resultTensors(name, kind, this.#value(source, false)),
			),
			stages: this.#spans,
		};
	}
}

function optionalSources({ nodes }: Unit): ReadonlySet<string> {
	const keys = new Set<string>();
	for (const { inputs } of nodes)
		for (const { source, optional } of inputs)
			if (source !== null && optional) keys.add(keyOf(source));
	for (const { inputs } of nodes)
		for (const { source, optional } of inputs)
			if (source !== null && !optional) keys.delete(keyOf(source));
	return keys;
}

function keyOf({ index, port }: ValueSource): string {
	return `${index}.${port}`;
}
