// The contract of a backend: load a model into a session, bind buffers of fixed shapes, run.
// `conformance/runtime` is the suite that every implementation passes.
//
//   Runtime ──load──▶ Session ──bind──▶ Binding ──run──▶ outputs
//   one per process   one per model     one per lane and batch shape, reused from run to run
import type { TensorSpec } from "../tensor/tensor.ts";

export interface Runtime {
	/** As `config.pbtxt` names it, e.g. `onnxruntime`. */
	readonly name: string;
	readonly version: string;
	/** Loads off the event loop. Throws LOAD_FAILED with the backend's reason, UNSUPPORTED for an absent provider. */
	load(source: ModelSource, options: LoadOptions): Promise<Session>;
	/** Releases what is left. Sessions must be closed first; a second call does nothing. */
	close(): void;
}

export type ModelSource =
	| { readonly kind: "file"; readonly path: string }
	| { readonly kind: "bytes"; readonly bytes: Uint8Array };

export interface ExecutionProvider {
	/** `cpu`, `cuda`, `tensorrt`, `openvino`, … */
	readonly name: string;
	readonly options: Readonly<Record<string, string>>;
}

export interface LoadOptions {
	/** Threads of one run. @default the cores this process may use, by cgroup and affinity */
	readonly intraOpThreadCount?: number;
	/** Cores on which runs stay that do not happen on the event loop; Linux only. @default wherever the system puts them */
	readonly cores?: readonly number[];
	/** @default 1 */
	readonly interOpThreadCount?: number;
	/** @default "all" */
	readonly graphOptimization?: "disabled" | "basic" | "extended" | "all";
	/** @default sequential */
	readonly executionMode?: "sequential" | "parallel";
	/** Tried in this order before the CPU. @default none */
	readonly providers?: readonly ExecutionProvider[];
	/** Keeps freed memory for the next run. @default true */
	readonly memoryArena?: boolean;
	/** Plans the memory of a run ahead where shapes are fixed. @default true */
	readonly memoryPattern?: boolean;
	/** Further session options by the backend's own key. */
	readonly sessionConfig?: Readonly<Record<string, string>>;
}

export interface Session {
	/** In the model's own order. −1 marks dynamic dimensions. */
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	/** Buffers for runs of exactly these input shapes. Throws INVALID_ARGUMENT for shapes the model cannot take. */
	bind(request: BindRequest): Binding;
	/** Releases the session and its bindings; throws while a run is under way. A second call does nothing. */
	close(): void;
}

export interface BindRequest {
	/** One shape per input of the session, by the session's order; null leaves an optional input out. */
	readonly inputShapes: readonly (readonly number[] | null)[];
	/**
	 * One shape per output, or null where only the run can tell; such outputs are allocated by the backend and
	 * read after the run. BYTES outputs are always of that kind.
	 */
	readonly outputShapes: readonly (readonly number[] | null)[];
	/** Outputs that nobody asked for are not computed where the backend can leave them out. @default all */
	readonly wantedOutputs?: readonly boolean[];
	/**
	 * Where the own buffer of each input lies, at the start of memory that is at least as large. Bindings that never run
	 * at the same time may share it: what one was given is gone when another is. @default memory of the binding's own
	 */
	readonly inputMemory?: readonly (Uint8Array | null)[];
}

/** `inline`: on the calling thread, for runs shorter than a hop; `offload`: the event loop stays free. */
export type RunMode = "inline" | "offload";

export interface BoundOutput {
	readonly shape: readonly number[];
	/** Valid until the next run or `close` of the binding. */
	readonly data: Uint8Array;
}

/** Called once per run. `error` is a SaccadeError: EXECUTION_FAILED, or CANCELLED after `terminate`. */
export type RunDone = (error: Error | null) => void;

/** Fixed-shape buffers of one lane. Not reentrant: one run at a time. */
export interface Binding {
	/** Own input buffers to gather into, one per input (null for BYTES and for inputs left out). */
	readonly inputs: readonly (Uint8Array | null)[];
	/** Uses someone else's bytes for input `index` until the next call: no copy at batch size 1. The caller holds the lease. */
	setInput(index: number, data: Uint8Array): void;
	/** Back to the binding's own buffer. */
	resetInput(index: number): void;
	/** Starts a run. In mode `inline`, `done` is called before this returns. */
	run(mode: RunMode, done: RunDone): void;
	/** Asks a run under way to stop early; `done` then gets CANCELLED. No effect when idle. */
	terminate(): void;
	/** Output `index` of the last successful run. */
	output(index: number): BoundOutput;
	/** Releases native handles. Throws while a run is under way. A second call does nothing. */
	close(): void;
}
