// The other use cases, as plain interfaces over plain data. Fields carry the protocol's own snake_case only
// where a transport prints the object as it is (model configuration).
import type { SwapRecord } from "../models/swap/swap-history.ts";
import type { PipelineExplanation } from "../pipelines/graph/explain.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import type { ConsoleService } from "./console/console-service.ts";
import type { InferenceService } from "./inference.ts";
import type { RecordingService } from "./recording-service.ts";
import type { SettingsService } from "./settings.ts";
import type { StreamService } from "./stream-service.ts";
import type { TraceService } from "./trace-service.ts";

export interface ServerMetadata {
	readonly name: string;
	readonly version: string;
	readonly extensions: readonly string[];
}

export interface ModelMetadata {
	readonly name: string;
	readonly versions: readonly string[];
	readonly platform: string;
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
}

export interface DurationStat {
	readonly count: number;
	readonly ns: number;
}

interface BatchStat {
	readonly batchSize: number;
	readonly computeInput: DurationStat;
	readonly computeInfer: DurationStat;
	readonly computeOutput: DurationStat;
}

export interface ModelStatistics {
	readonly name: string;
	readonly version: string;
	/** Wall-clock ms since the epoch; 0 before the first. */
	readonly lastInferenceMs: number;
	/** Batch elements. */
	readonly inferenceCount: number;
	/** Model runs. */
	readonly executionCount: number;
	readonly success: DurationStat;
	readonly fail: DurationStat;
	readonly queue: DurationStat;
	readonly computeInput: DurationStat;
	readonly computeInfer: DurationStat;
	readonly computeOutput: DurationStat;
	readonly batchStats: readonly BatchStat[];
}

type IndexState = "UNKNOWN" | "READY" | "UNAVAILABLE" | "LOADING" | "UNLOADING";

/** Never-loaded models have only a name. */
export interface IndexEntry {
	readonly name: string;
	readonly version?: string;
	readonly state?: IndexState;
	readonly reason?: string;
}

export interface LoadRequest {
	readonly modelName: string;
	/** JSON by protobuf's JSON rules; null when not overridden. */
	readonly config: string | null;
	/** `<version>/<path>` → content. */
	readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface MetadataService {
	server(): ServerMetadata;
	/** NOT_FOUND or UNAVAILABLE with Triton's texts. Version "" = all ready versions. */
	model(name: string, version: string): ModelMetadata;
	/** The ModelConfig message (protobuf-es JSON-able), complete after auto-completion. */
	config(name: string, version: string): ModelConfigMessage;
	/** How a body of `byteLength` bytes fills the model's single input; INVALID_ARGUMENT when it cannot. */
	rawInput(name: string, version: string, byteLength: number): TensorSpec;
	/** Both may be empty. */
	statistics(name: string, version: string): readonly ModelStatistics[];
}

/** `inference.ModelConfig` of the generated messages, opaque at this layer. */
export type ModelConfigMessage = object;

export interface RepositoryService {
	index(readyOnly: boolean): readonly IndexEntry[];
	/** Resolves when loaded; LOAD_FAILED or UNAVAILABLE otherwise. @param by who asks, for the history. @default "" */
	load(request: LoadRequest, by?: string): Promise<void>;
	/** Resolves when no new request can reach the model; memory is freed after the last one in flight. */
	unload(
		modelName: string,
		unloadDependents: boolean,
		by?: string,
	): Promise<void>;
	/** What became of the model's loads, the newest first. NOT_FOUND for a model that nothing is known of. */
	swaps(modelName: string): readonly SwapRecord[];
}

export interface HealthService {
	live(): boolean;
	ready(): boolean;
	/** Models whose last load failed: one sentence each. */
	alarms(): readonly string[];
	/** Throws NOT_FOUND or UNAVAILABLE with Triton's text when the model is not ready. */
	assertModelReady(name: string, version: string): void;
}

interface PipelineService {
	/** The pipelines of the configuration: stages, types, where each runs and how long it takes. */
	explain(): readonly PipelineExplanation[];
}

/** Everything a transport may ask for, built once by `app/`. */
export interface Services {
	readonly inference: InferenceService;
	readonly metadata: MetadataService;
	readonly repository: RepositoryService;
	readonly health: HealthService;
	readonly settings: SettingsService;
	readonly streams: StreamService;
	readonly recordings: RecordingService;
	readonly pipelines: PipelineService;
	readonly traces: TraceService;
	readonly console: ConsoleService;
}
