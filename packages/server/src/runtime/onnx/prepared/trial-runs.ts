// Runs of a session with made-up inputs: what they cost, and what comes out. Counted is the processor's time, since what
// else the machine does must not decide; the least of several is taken, and the forms of a model take turns.
import { DTYPE_BYTES } from "@saccade/protocol";
import { mulberry32 } from "../../../load-generator/random.ts";
import type { TensorSpec } from "../../../tensor/tensor.ts";
import type { Binding, Session } from "../../runtime.ts";
import { threadCpuMs } from "./thread-cpu-time.ts";

/** Rows of the runs where the first dimension is dynamic: packing tells from a few rows on. */
const TRIED_ROWS = [1, 8] as const;
const LEAST_RUNS = 5;
const MOST_RUNS = 200;
/** On a busy machine the budget takes longer, but never so many times. */
const PATIENCE = 5;
/** Larger inputs are not made up. */
const MAX_INPUT_BYTES = 64 * 1024 * 1024;

export interface Trial {
	/** Least time of a run on one thread by rows, in ms of the processor. */
	readonly runMs: readonly number[];
	/** Elements of the outputs of the last runs, by rows. */
	readonly outputs: readonly (readonly Float32Array[])[];
}

/** Empty: no run can be made up for this signature. */
export function triedRows(inputs: readonly TensorSpec[]): number[] {
	const isKnown = inputs.every(
		({ dtype, shape }) => dtype !== "BYTES" && !shape.slice(1).includes(-1),
	);
	if (!isKnown || inputs.length === 0) return [];
	const isBatched = inputs.some(({ shape }) => shape[0] === -1);
	return (isBatched ? [...TRIED_ROWS] : [1]).filter(
		(rows) =>
			inputs.reduce((sum, spec) => sum + bytesOf(spec, rows), 0) <=
			MAX_INPUT_BYTES,
	);
}

/**
 * @param sessions forms of one model
 * @param budgetMs of the processor, of each batch size, for all forms together; every form runs five times whatever that takes
 * Sessions run on one thread, or their time is not all counted.
 * Throws EXECUTION_FAILED where a form cannot run with such inputs.
 */
export function tryRuns(
	sessions: readonly Session[],
	rows: readonly number[],
	budgetMs: number,
): Trial[] {
	const trials = sessions.map(() => ({
		runMs: [] as number[],
		outputs: [] as (readonly Float32Array[])[],
	}));
	for (const count of rows) {
		const bindings = sessions.map((session) => bindRows(session, count));
		try {
			const best = raceRuns(bindings, budgetMs);
			for (const [index, trial] of trials.entries()) {
				trial.runMs.push(best[index] ?? Number.NaN);
				trial.outputs.push(readFloats(sessions[index]!, bindings[index]!));
			}
		} finally {
			for (const binding of bindings) binding.close();
		}
	}
	return trials;
}

function raceRuns(bindings: readonly Binding[], budgetMs: number): number[] {
	const best = bindings.map(() => Number.POSITIVE_INFINITY);
	// The first of each grows arenas, and is counted by nobody.
	for (const binding of bindings) timeRun(binding);
	let spentMs = 0;
	const untilMs = performance.now() + PATIENCE * budgetMs;
	for (
		let round = 0;
		round < LEAST_RUNS ||
		(round < MOST_RUNS && spentMs < budgetMs && performance.now() < untilMs);
		round++
	)
		for (const [index, binding] of bindings.entries()) {
			const tookMs = timeRun(binding);
			spentMs += tookMs;
			best[index] = Math.min(best[index]!, tookMs);
		}
	return best;
}

function timeRun(binding: Binding): number {
	const startMs = threadCpuMs();
	binding.run("inline", (error) => {
		if (error !== null) throw error;
	});
	return threadCpuMs() - startMs;
}

function bindRows(session: Session, rows: number): Binding {
	const binding = session.bind({
		inputShapes: session.inputs.map(({ shape }) => shapeOf(shape, rows)),
		outputShapes: session.outputs.map(() => null),
	});
	const random = mulberry32(1);
	for (const [index, { dtype }] of session.inputs.entries()) {
		const bytes = binding.inputs[index];
		// Whole numbers stay 0: they may be indices.
		if (dtype !== "FP32" || bytes == null) continue;
		const floats = new Float32Array(
			bytes.buffer,
			bytes.byteOffset,
			bytes.byteLength / 4,
		);
		for (let at = 0; at < floats.length; at++) floats[at] = 2 * random() - 1;
	}
	return binding;
}

function readFloats(session: Session, binding: Binding): Float32Array[] {
	return session.outputs.flatMap(({ dtype }, index) =>
		dtype === "FP32"
			? [new Float32Array(binding.output(index).data.slice().buffer)]
			: [],
	);
}

/** Largest difference of two forms, over the largest value that occurs; NaN on one side alone is infinite. */
export function differenceOf(one: Trial, other: Trial): number {
	let largest = 0;
	let scale = 1e-30;
	for (const [row, outputs] of one.outputs.entries())
		for (const [index, values] of outputs.entries()) {
			const others = other.outputs[row]?.[index];
			if (others?.length !== values.length) return Number.POSITIVE_INFINITY;
			for (let at = 0; at < values.length; at++) {
				const a = values[at]!;
				const b = others[at]!;
				if (Object.is(a, b)) continue;
				const difference = Math.abs(a - b);
				if (!Number.isFinite(difference)) return Number.POSITIVE_INFINITY;
				largest = Math.max(largest, difference);
				scale = Math.max(scale, Math.abs(a));
			}
		}
	return largest / scale;
}

function shapeOf(shape: readonly number[], rows: number): number[] {
	return shape.map((size) => (size === -1 ? rows : size));
}

function bytesOf({ dtype, shape }: TensorSpec, rows: number): number {
	return shapeOf(shape, rows).reduce((a, b) => a * b, DTYPE_BYTES[dtype]);
}
