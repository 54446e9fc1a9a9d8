// Two models, one session each, run off the event loop in one of the ways that are compared.
import type { TensorSpec } from "../../packages/server/src/tensor/tensor.ts";

export const MODELS = ["mlp", "slow"] as const;
export type BenchModel = (typeof MODELS)[number];

/** What a lane needs to run a session that another thread loaded: addresses are those of the process. */
export interface SharedSession {
	readonly handle: bigint;
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	readonly names: {
		readonly inputs: BigUint64Array;
		readonly outputs: BigUint64Array;
	};
}

export interface Lane {
	run(model: BenchModel): Promise<void>;
	close(): Promise<void>;
}

/** Batch 1. */
export function shapesOf(session: {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
}) {
	const batchOne = ({ shape }: TensorSpec) =>
		shape.map((size) => Math.max(size, 1));
	return {
		inputShapes: session.inputs.map(batchOne),
		outputShapes: session.outputs.map(batchOne),
	};
}
