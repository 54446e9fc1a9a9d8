// What the server and its models are, and what they have counted.
import { DTYPE_BYTES } from "@saccade/protocol";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import type { ModelDemand } from "../models/budget/model-demand.ts";
import type { ModelRegistry } from "../models/model-registry.ts";
import type { ModelVersion } from "../models/model-version.ts";
import type { Duration } from "../models/version/statistics.ts";
import type { TensorConfig } from "../repository/model-config.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import type {
	DurationStat,
	MetadataService,
	ModelConfigMessage,
	ModelMetadata,
	ModelStatistics,
	ServerMetadata,
} from "./services.ts";

/** Exactly Triton's, in its order (core/src/server.cc): clients compare the list. */
const EXTENSIONS = [
	"classification",
	"sequence",
	"model_repository",
	"model_repository(unload_dependents)",
	"schedule_policy",
	"model_configuration",
	"system_shared_memory",
	"cuda_shared_memory",
	"binary_tensor_data",
	"parameters",
	"statistics",
	"trace",
	"logging",
] as const;

export class RegistryMetadataService implements MetadataService {
	readonly #registry: ModelRegistry;
	readonly #server: ServerMetadata;
	readonly #demand: Pick<ModelDemand, "refusal"> | null;

	/** @param demand what to do about models that do not serve; null: nothing */
	constructor(
		registry: ModelRegistry,
		name: string,
		version: string,
		demand: Pick<ModelDemand, "refusal"> | null = null,
	) {
		this.#registry = registry;
		this.#demand = demand;
		this.#server = { name, version, extensions: EXTENSIONS };
	}

	server(): ServerMetadata {
		return this.#server;
	}

	model(name: string, version: string): ModelMetadata {
		const model = this.#resolve(name, version);
		const versions =
			version === ""
				? this.#registry.versionsOf(name).map(({ versionText }) => versionText)
				: [model.versionText];
		const { config } = model;
		const toSpec = (tensor: TensorConfig): TensorSpec => ({
			name: tensor.name,
			dtype: tensor.dtype,
			shape: config.maxBatchSize > 0 ? [-1, ...tensor.dims] : tensor.dims,
		});
		return {
			name,
			versions,
			platform: config.platform,
			inputs: config.inputs.map(toSpec),
			outputs: config.outputs.map(toSpec),
		};
	}

	config(name: string, version: string): ModelConfigMessage {
		return this.#resolve(name, version).config.message;
	}

	#resolve(name: string, version: string): ModelVersion {
		try {
			return this.#registry.resolve(name, version);
		} catch (cause) {
			const error = toSaccadeError(cause);
			throw this.#demand?.refusal(name, error) ?? error;
		}
	}

	rawInput(name: string, version: string, byteLength: number): TensorSpec {
		const { inputs } = this.model(name, version);
		const [input] = inputs;
		if (input === undefined || inputs.length !== 1)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`Raw request must only have 1 input (found ${inputs.length}) to be deduced but got ${inputs.length} inputs in '${name}' model configuration`,
			);
		// Batch 1; one dimension beside it may be left to the size of the body.
		const batched =
			this.#registry.resolve(name, version).config.maxBatchSize > 0;
		const shape = batched ? [1, ...input.shape.slice(1)] : [...input.shape];
		const dynamic = shape.filter((size) => size === -1).length;
		if (dynamic > 1)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`The shape of Raw request must have at most 1 dynamic dimension to be deduced, input '${input.name}' of model '${name}' has ${dynamic}`,
			);
		if (input.dtype === "BYTES")
			return { ...input, shape: shape.map((size) => Math.max(size, 1)) };
		const known = shape.reduce(
			(product, size) => (size === -1 ? product : product * size),
			DTYPE_BYTES[input.dtype],
		);
		return {
			...input,
			shape: shape.map((size) =>
				size === -1 ? Math.floor(byteLength / known) : size,
			),
		};
	}

	statistics(name: string, version: string): readonly ModelStatistics[] {
		const models = this.#registry
			.serving()
			.filter(
				(model) =>
					(name === "" || model.config.name === name) &&
					(version === "" || model.versionText === version),
			);
		if (name !== "" && models.length === 0)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				version === ""
					? `requested model '${name}' is not available`
					: `requested model version '${version}' is not available for model '${name}'`,
			);
		return models.map(toStatistics);
	}
}

function toStatistics(model: ModelVersion): ModelStatistics {
	const { statistics } = model;
	return {
		name: model.config.name,
		version: model.versionText,
		lastInferenceMs: statistics.lastInferenceMs,
		inferenceCount: statistics.inferenceCount,
		executionCount: statistics.executionCount,
		success: toStat(statistics.success),
		fail: toStat(statistics.fail),
		queue: toStat(statistics.queue),
		computeInput: toStat(statistics.computeInput),
		computeInfer: toStat(statistics.computeInfer),
		computeOutput: toStat(statistics.computeOutput),
		batchStats: statistics.batches().map((batch) => ({
			batchSize: batch.batchSize,
			computeInput: toStat(batch.computeInput),
			computeInfer: toStat(batch.computeInfer),
			computeOutput: toStat(batch.computeOutput),
		})),
	};
}

function toStat(duration: Duration): DurationStat {
	return { count: duration.count, ns: Math.round(duration.us * 1000) };
}
