// The settings of a model as the server uses them: resolved from `config.pbtxt`, the model's own signature and
// defaults; plain, typed, frozen. The message it came from is kept for `GET config`.
import type { DType } from "@saccade/protocol";
import type { LoadOptions } from "../runtime/runtime.ts";
import type { ShapeBuckets } from "./shape-buckets.ts";
import type { DeclaredBuckets } from "./shape-buckets-text.ts";

export interface TensorConfig {
	readonly name: string;
	readonly dtype: DType;
	/** Without the batch dimension where the model is batched; −1 is dynamic. */
	readonly dims: readonly number[];
	/** What the model itself takes or yields instead of `dims`; null: the same. */
	readonly reshape: readonly number[] | null;
}

export interface InputConfig extends TensorConfig {
	readonly optional: boolean;
}

export interface OutputConfig extends TensorConfig {
	/** Relative to the model's directory; null: none. */
	readonly labelFilename: string | null;
}

export interface QueuePolicyConfig {
	readonly timeoutAction: "reject" | "delay";
	/** 0: none. */
	readonly defaultTimeoutUs: number;
	readonly allowTimeoutOverride: boolean;
	/** 0: no limit. */
	readonly maxQueueCount: number;
}

export interface DynamicBatchingConfig {
	/** Ascending; empty: only the largest batch is preferred. */
	readonly preferredBatchSizes: readonly number[];
	readonly maxQueueDelayUs: number;
	readonly preserveOrdering: boolean;
	/** One per priority level, level 1 first; one without levels. */
	readonly levels: readonly QueuePolicyConfig[];
	readonly defaultLevel: number;
}

/** Where instances of a model run. */
export interface InstanceGroup {
	readonly kind: "auto" | "cpu" | "gpu";
	/** Positions among the server's accelerators; empty: not stated. */
	readonly gpus: readonly number[];
	/** Of each device; at least 1. */
	readonly count: number;
}

export type VersionPolicy =
	| { readonly kind: "latest"; readonly count: number }
	| { readonly kind: "all" }
	| { readonly kind: "specific"; readonly versions: readonly number[] };

export interface WarmupInput {
	readonly dtype: DType;
	readonly dims: readonly number[];
	readonly fill: "zero" | "random" | { readonly file: string };
}

export interface WarmupSample {
	readonly name: string;
	readonly batchSize: number;
	readonly count: number;
	readonly inputs: ReadonlyMap<string, WarmupInput>;
}

/** How a picture becomes the model's input: `saccade.input.*`. Clients that start from pictures read it. */
export interface PictureSettings {
	/** @default rgb */
	readonly channels: "rgb" | "bgr";
	/** Factor on 0 … 255, before mean and deviation. @default 1 / 255 */
	readonly scale: number;
	/** Per channel, in the tensor's order; subtracted after scaling. @default 0,0,0 */
	readonly mean: readonly [number, number, number];
	/** Divides last. @default 1,1,1 */
	readonly std: readonly [number, number, number];
}

/** What a new version has to show before it takes over: `saccade.swap.*`, `saccade.shadow.*`, `saccade.canary.*`. */
export interface SwapSettings {
	/** `compatible`: takes whatever the version in service takes, and gives what it gives. @default compatible */
	readonly contract: "compatible" | "any";
	/** Times that a run may take longer than one of the version in service; 0: any. @default 5 */
	readonly maxSlowdown: number;
	/** A sequence that is silent for so long keeps its version no more. @default 10 s */
	readonly sequenceIdleUs: number;
	readonly shadow: {
		/** Recent requests that are kept for the comparison; 0: none are. @default 0 */
		readonly sampleCount: number;
		/** Of all that are kept. @default 16 MiB */
		readonly maxBytes: number;
		/** Largest difference by output; those that are not named are only reported. */
		readonly tolerances: ReadonlyMap<string, number>;
	};
	readonly canary: {
		/** Share of the requests; 0: no canary. @default 0 */
		readonly weight: number;
		/** It lasts at least so long. @default 60 s */
		readonly leastUs: number;
		/** Without enough requests until then, the old version stays. @default 600 s */
		readonly mostUs: number;
		/** That the new version has to answer. @default 100 */
		readonly leastRequests: number;
		/** By how much its share of errors may be above the old version's. @default 0.01 */
		readonly maxErrorRate: number;
		/** Times that its p95 may be the old version's. @default 1.5 */
		readonly maxSlowdown: number;
	};
}

/** A model that emits tokens: `saccade.generative`. */
interface GenerativeSettings {
	/** Output whose elements are tokens. */
	readonly output: string;
	/** Input whose elements are the prompt's tokens; "": they are not counted. */
	readonly prompt: string;
}

/** `parameters` with keys `saccade.*`. */
export interface SaccadeSettings {
	/** In which requests without a deadline should be answered; 0: none. */
	readonly objectiveUs: number;
	/** Where runs happen. @default auto: on the event loop while they are measured below 50 µs */
	readonly runMode: "auto" | "inline" | "offload";
	/** What of it are tokens; null: the model does not generate. */
	readonly generative: GenerativeSettings | null;
	/** Batches in flight at once; 0: from the instance groups. */
	readonly lanes: number;
	/** Share of the device while several models want it. @default 1 */
	readonly weight: number;
	/** How large weights are held; see docs/prepared-models.md. @default auto */
	readonly weights: "auto" | "mapped" | "packed";
	/** As stated; what it means for the model is `ModelConfig.shapeBuckets`. */
	readonly shapeBuckets: DeclaredBuckets | null;
	readonly padValues: ReadonlyMap<string, number>;
	readonly picture: PictureSettings;
	readonly swap: SwapSettings;
}

export interface ModelConfig {
	readonly name: string;
	readonly platform: string;
	/** 0: shapes are full, nothing is batched. */
	readonly maxBatchSize: number;
	readonly inputs: readonly InputConfig[];
	readonly outputs: readonly OutputConfig[];
	/** Null: requests run one by one. */
	readonly dynamicBatching: DynamicBatchingConfig | null;
	/** Sum of the instance groups' counts; 0: not stated. */
	readonly instanceCount: number;
	readonly versionPolicy: VersionPolicy;
	readonly warmup: readonly WarmupSample[];
	readonly modelFilename: string;
	readonly load: LoadOptions;
	readonly saccade: SaccadeSettings;
	/** Null: shapes are taken as they come. */
	readonly shapeBuckets: ShapeBuckets | null;
	/** `inference.ModelConfig`, complete. */
	readonly message: object;
	/** Fields that were read and have no effect here, by name. */
	readonly ignoredFields: readonly string[];
}
