// How a pipeline runs a model of the repository, through the model's own scheduler. Implemented by `service/`.
import type { FrameTrace } from "../telemetry/tracing/frame-trace.ts";
import type { Tensor, TensorSpec } from "../tensor/tensor.ts";

export interface ModelRun {
	readonly modelName: string;
	/** Empty: the highest ready version. */
	readonly modelVersion: string;
	/** Valid until the run has answered. */
	readonly inputs: readonly Tensor[];
	/** Absolute µs; Infinity when none. */
	readonly deadlineUs: number;
	readonly receivedUs: number;
	readonly signal: AbortSignal;
	/** Where the bytes of an output are to lie. @default memory of their own */
	readonly memory?: OutputMemory;
	/** Of the frame that it is for. @default null: nobody traces */
	readonly trace?: FrameTrace | null;
}

/** Bytes of exactly this length, for this output alone. */
export type OutputMemory = (output: string, byteLength: number) => Uint8Array;

export interface ModelRunner {
	/** Resolves to tensors whose bytes are the caller's; rejects with a SaccadeError. */
	run(run: ModelRun): Promise<readonly Tensor[]>;
	/** Throws NOT_FOUND or UNAVAILABLE when the model cannot be run now. */
	assertReady(modelName: string, modelVersion: string): void;
	/** What it takes and gives. Throws NOT_FOUND or UNAVAILABLE. */
	describe(
		modelName: string,
		modelVersion: string,
	): {
		readonly inputs: readonly TensorSpec[];
		readonly outputs: readonly TensorSpec[];
	};
}
