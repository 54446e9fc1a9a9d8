// Where an inference runs: a server in this process, or one elsewhere. Commands see this shape only.
import type { ModelConfig } from "@saccade/protocol/gen/inference/model_config_pb.js";
import type { Tensor, TensorSpec } from "../../tensor/tensor.ts";

export interface ModelFacts {
	readonly name: string;
	readonly versions: readonly string[];
	readonly platform: string;
	/** With the batch dimension; −1 is dynamic. */
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	/** `GET config`. */
	readonly config: ModelConfig;
}

export interface IndexRow {
	readonly name: string;
	readonly version: string;
	readonly state: string;
	readonly reason: string;
}

export interface Answer {
	readonly model: string;
	readonly version: string;
	readonly outputs: readonly Tensor[];
}

export interface Target {
	describe(model: string, version: string): Promise<ModelFacts>;
	infer(
		model: string,
		version: string,
		inputs: readonly Tensor[],
	): Promise<Answer>;
	index(): Promise<readonly IndexRow[]>;
	load(model: string): Promise<void>;
	unload(model: string): Promise<void>;
	close(): Promise<void>;
}

export interface TargetOptions {
	readonly modelRepository?: readonly string[];
	readonly url?: string;
}
