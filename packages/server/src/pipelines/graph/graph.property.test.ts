// Random graphs of steps and models: every node runs once a frame, after what it reads, and every frame has one answer,
// whenever it is given up or late.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../../common/manual-clock.ts";
import { wholeNumber } from "../../common/readers.ts";
import { isSaccadeError } from "../../errors/saccade-error.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { StepDescription, ThreadSpan } from "../hosts/messages.ts";
import { SegmentRunner } from "../hosts/segment-runner.ts";
import type { SegmentRun } from "../hosts/step-thread.ts";
import type { ModelRunner } from "../model-runner.ts";
import type { FrameResult } from "../pipeline.ts";
import { optionalPort, tensorPort } from "../steps/port.ts";
import { setting } from "../steps/settings.ts";
import { defineStep, float32Of } from "../steps/step.ts";
import { openingOf } from "../testing/declare.ts";
import { frameOf } from "../testing/frames.ts";
import { checkGraph } from "./check-graph.ts";
import type { GraphNode, PipelineDefinition } from "./definition.ts";
import { Graph } from "./graph.ts";
import { type Unit, unitsOf } from "./place.ts";
import type { Plan } from "./plan.ts";
import type { StreamThreads } from "./stream-threads.ts";

const INPUTS = ["a", "b", "c"] as const;

interface Drawn {
	readonly runs: "inline" | "server" | "other" | "model";
	/** Of each of three inputs: which of the nodes before it, or none. */
	readonly reads: readonly (number | null)[];
}

const drawnNode = (before: number): fc.Arbitrary<Drawn> =>
	fc.record({
		runs: fc.constantFrom("inline", "server", "other", "model"),
		reads: fc.array(
			before === 0
				? fc.constant(null)
				: fc.option(fc.nat({ max: before - 1 }), { nil: null }),
			{ minLength: 3, maxLength: 3 },
		),
	});

const drawnGraph: fc.Arbitrary<readonly Drawn[]> = fc
	.integer({ min: 1, max: 9 })
	.chain((count) =>
		fc.tuple(...Array.from({ length: count }, (_, at) => drawnNode(at))),
	);

/** What each node gives for a reading: 1, the reading, and all that it reads. */
function expectedOf(drawn: readonly Drawn[], reading: number): number[] {
	const values: number[] = [];
	for (const { reads } of drawn)
		values.push(
			reads.reduce<number>(
				(sum, from) => sum + (from === null ? 0 : values[from]!),
				1 + reading,
			),
		);
	return values;
}

/** As a file would say it; the order of the nodes is no help. */
function definitionOf(drawn: readonly Drawn[]): PipelineDefinition {
	const nodes = drawn.map(({ runs, reads }, at): GraphNode => {
		const inputs = Object.fromEntries([
			["frame", { node: "radar", port: "x" }],
			...reads.flatMap((from, input) =>
				from === null
					? []
					: [[INPUTS[input]!, { node: `n${from}`, port: null }]],
			),
		]);
		const base = { name: `n${at}`, inputs };
		return runs === "model"
			? { ...base, kind: "model", model: `m${at}`, version: "" }
			: {
					...{ ...base, kind: "step", step: "sum", settings: { at } },
					...{ runs: runs === "inline" ? "auto" : "worker" },
					timeoutUs: 1e6,
				};
	});
	return {
		...{ name: "p", summary: "", source: "test", join: null, requests: {} },
		sensors: [
			{
				...{ name: "radar", payload: "tensors" },
				...{ maxPeriodUs: 1e9, needsCalibration: false },
			},
		],
		nodes: nodes.reverse(),
		decision: null,
		outputs: Object.fromEntries(
			drawn.map((_, at) => [`n${at}`, { node: `n${at}`, port: null }]),
		),
	};
}

/** What happened, in order: `n3` of frame 2 began. */
interface Began {
	readonly node: string;
	readonly frame: number;
}

class Bench {
	readonly began: Began[] = [];
	readonly clock = new ManualClock();
	readonly graph: Graph;
	readonly plan: Plan;
	readonly #step = this.#defineSum();
	readonly #scheduler: fc.Scheduler;
	readonly #runsOf: ReadonlyMap<string, Drawn["runs"]>;
	#beforeNode: (began: Began) => void = () => {};

	constructor(drawn: readonly Drawn[], scheduler: fc.Scheduler) {
		this.#scheduler = scheduler;
		this.#runsOf = new Map(drawn.map(({ runs }, at) => [`n${at}`, runs]));
		const checked = checkGraph(definitionOf(drawn), {
			steps: () => this.#description(),
			models: () => ({
				inputs: ["frame", ...INPUTS].map((name) => spec(name)),
				outputs: [spec("y")],
			}),
		});
		// Models have no optional inputs: those are told, and are no problem of the graph.
		assert.ok(checked.ok, checked.ok ? "" : checked.problems.join("\n"));
		this.plan = checked.plan;
		const units = unitsOf(checked.plan, {
			threadOf: ({ node }) =>
				this.#runsOf.get(node.name) === "server" ? "server" : node.name,
			isSlow: () => false,
		});
		this.graph = new Graph({
			...{ plan: checked.plan, units, opening: openingOf(4) },
			clock: this.clock,
			runner: this.#models(),
			threads: this.#threads(),
			stepOf: () => this.#step,
			isOfServer: () => false,
			observeInline: () => {},
			observe: () => {},
		});
	}

	onBegin(hook: (began: Began) => void): void {
		this.#beforeNode = hook;
	}

	async process(
		reading: number,
		controller = new AbortController(),
		deadlineUs = Number.POSITIVE_INFINITY,
	): Promise<FrameResult> {
		const x = tensorOf(reading);
		return this.graph.process(
			frameOf({
				...{ sequence: reading, deadlineUs },
				payload: { kind: "tensors", tensors: [{ ...x, name: "x" }] },
			}),
			{
				signal: controller.signal,
				companions: [],
				nowUs: () => this.clock.nowUs(),
			},
		);
	}

	#note(node: string, frame: number): void {
		const began = { node, frame };
		this.#beforeNode(began);
		this.began.push(began);
	}

	#defineSum() {
		return defineStep({
			name: "sum",
			summary: "",
			settings: { at: setting({ read: wholeNumber(), meaning: "" }) },
			inputs: () => ({
				frame: tensorPort("FP32", [1]),
				a: optionalPort("tensor"),
				b: optionalPort("tensor"),
				c: optionalPort("tensor"),
			}),
			outputs: () => ({ y: tensorPort("FP32", [1]) }),
			create: ({ settings, tensor }) => {
				const y = tensor("FP32", [1]);
				return {
					run: (inputs, outputs, frame) => {
						this.#note(`n${settings.at}`, frame.sequence);
						float32Of(y)[0] = sumOf(Object.values(inputs));
						outputs.y = y;
					},
				};
			},
			sample: () => ({ frame: tensorOf(0), a: null, b: null, c: null }),
		});
	}

	#description(): StepDescription {
		const { name, summary } = this.#step;
		return {
			...{ name, summary, isAsync: false, costUs: 1 },
			...{ remembers: false, listens: false },
			inputs: this.#step.inputs({ at: 0 }),
			outputs: this.#step.outputs({ at: 0 }),
			problems: [],
		};
	}

	#models(): ModelRunner {
		return {
			assertReady: () => {},
			describe: () => ({ inputs: [], outputs: [] }),
			run: async ({ modelName, inputs }) => {
				const frame = float32Of(
					inputs.find(({ name }) => name === "frame")!,
				)[0]!;
				this.#note(modelName.replace("m", "n"), frame);
				const sum = sumOf(inputs);
				await this.#scheduler.schedule(Promise.resolve(), modelName);
				return [{ ...tensorOf(sum), name: "y" }];
			},
		};
	}

	/** As a worker would, but when the scheduler says so. */
	#threads(): StreamThreads {
		const runners = new Map<string, SegmentRunner>();
		return {
			close: () => {},
			run: async (unit, run) => {
				await this.#scheduler.schedule(Promise.resolve(), unit.thread);
				const key = `${unit.nodes[0]!.index}/${run.workspace}`;
				let runner = runners.get(key);
				if (runner === undefined) {
					runner = this.#segmentRunner(unit);
					runners.set(key, runner);
				}
				const spans: ThreadSpan[] = [];
				const { inputs, frame }: Pick<SegmentRun, "inputs" | "frame"> = run;
				return { outputs: await runner.run(inputs, frame, spans), spans };
			},
		};
	}

	#segmentRunner(unit: Unit): SegmentRunner {
		return new SegmentRunner({
			steps: new Map([["sum", this.#step]]),
			spec: {
				steps: unit.nodes.map(({ node, index, inputs }) => ({
					...{ node: node.name, index, step: "sum", inputs },
					settings: node.kind === "step" ? node.settings : {},
				})),
				...{ takes: unit.takes, gives: unit.gives, opening: openingOf() },
			},
			...{ isShared: false, ofServer: false, remembering: new Map() },
			nowUs: () => 0,
		});
	}
}

function spec(name: string) {
	return { name, dtype: "FP32", shape: [1] } as const;
}

function tensorOf(value: number): Tensor {
	const data = new Uint8Array(new Float32Array([value]).buffer);
	return { name: "", dtype: "FP32", shape: [1], data };
}

function sumOf(tensors: readonly (Tensor | null)[]): number {
	return tensors.reduce(
		(sum, tensor) => sum + (tensor === null ? 0 : float32Of(tensor)[0]!),
		1,
	);
}

/** Models take all three inputs. */
const completeGraph = drawnGraph.map((drawn) =>
	drawn.map(
		(one, at): Drawn =>
			one.runs === "model" && (at === 0 || one.reads.includes(null))
				? { ...one, runs: "server" }
				: one,
	),
);

function valuesOf({ outputs }: FrameResult): number[] {
	const sorted = outputs.toSorted((a, b) => a.name.localeCompare(b.name));
	return sorted.map((tensor) => float32Of(tensor)[0]!);
}

test("every node runs once a frame, after what it reads, however runs end", async () => {
	await fc.assert(
		fc.asyncProperty(
			completeGraph,
			fc.integer({ min: 1, max: 4 }),
			fc.scheduler(),
			async (drawn, frameCount, scheduler) => {
				const bench = new Bench(drawn, scheduler);
				const frames = Array.from({ length: frameCount }, (_, at) => at + 1);
				const answers = Promise.all(frames.map((one) => bench.process(one)));
				await scheduler.waitFor(answers);
				for (const [at, result] of (await answers).entries()) {
					assert.deepEqual(valuesOf(result), expectedOf(drawn, frames[at]!));
					assert.deepEqual(
						result.stages.map(({ name }) => name).sort(),
						drawn.map((_, node) => `n${node}`),
						"each stage is stamped once",
					);
				}
				for (const frame of frames) {
					const order = bench.began
						.filter((one) => one.frame === frame)
						.map(({ node }) => node);
					assert.equal(order.length, drawn.length);
					assert.equal(new Set(order).size, drawn.length);
					for (const [at, { reads }] of drawn.entries())
						for (const from of reads)
							if (from !== null)
								assert.ok(order.indexOf(`n${from}`) < order.indexOf(`n${at}`));
				}
			},
		),
		{ numRuns: 300 },
	);
});

test("a frame that is given up, or late, at any node has one answer, and the next is not harmed", async () => {
	await fc.assert(
		fc.asyncProperty(
			completeGraph,
			fc.nat({ max: 8 }),
			fc.constantFrom("abort", "late"),
			fc.scheduler(),
			async (drawn, stopAt, how, scheduler) => {
				const bench = new Bench(drawn, scheduler);
				const controller = new AbortController();
				let isStopped = false;
				let startedAfter = 0;
				const runsOf = (node: string) => drawn[Number(node.slice(1))]!.runs;
				bench.onBegin(({ node, frame }) => {
					if (frame !== 1) return;
					// A thread goes on with the steps that it was given together.
					if (
						isStopped &&
						runsOf(node) !== "server" &&
						runsOf(node) !== "other"
					)
						startedAfter++;
					if (bench.began.length < stopAt % drawn.length || isStopped) return;
					isStopped = true;
					if (how === "abort") controller.abort();
					else bench.clock.advance(1000);
				});
				const answer = bench.process(1, controller, 500);
				const settled = answer.then(
					(result) => result,
					(error: unknown) => error,
				);
				await scheduler.waitFor(settled);
				const end = await settled;
				if (isSaccadeError(end))
					assert.equal(
						end.code,
						how === "abort" ? "CANCELLED" : "DEADLINE_EXCEEDED",
					);
				else
					assert.deepEqual(
						valuesOf(end as FrameResult),
						expectedOf(drawn, 1),
						"the last node had begun",
					);
				assert.equal(startedAfter, 0, "nothing starts for it any more");
				const next = bench.process(2);
				await scheduler.waitFor(next);
				assert.deepEqual(valuesOf(await next), expectedOf(drawn, 2));
			},
		),
		{ numRuns: 300 },
	);
});
