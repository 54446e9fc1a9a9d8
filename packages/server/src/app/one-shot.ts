// One inference in this process: load the model, run, release. What `saccade infer --model-repository` does.
import { systemClock } from "../common/clock.ts";
import { readCores } from "../devices/cores.ts";
import type { SaccadeError } from "../errors/saccade-error.ts";
import { ModelLoader } from "../models/model-loader.ts";
import { ModelRegistry } from "../models/model-registry.ts";
import { poolThreadsOf } from "../runtime/onnx/offload.ts";
import { createOnnxRuntime } from "../runtime/onnx/onnx-runtime.ts";
import { SchedulingInferenceService } from "../service/inference-service.ts";
import { RegistryMetadataService } from "../service/metadata-service.ts";
import { DiskRepositoryService } from "../service/repository-service.ts";
import type { ModelMetadata } from "../service/services.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { VERSION } from "./version.ts";

export interface LoadedModel {
	readonly metadata: ModelMetadata;
	/** `inference.ModelConfig`, complete. */
	readonly config: object;
	/** Labels of the outputs that have a label file. */
	readonly labels: ReadonlyMap<string, readonly string[]>;
	infer(inputs: readonly Tensor[]): Promise<Tensor[]>;
}

/** Loads `name` from `repository`, hands it to `use`, and releases everything. Throws LOAD_FAILED. */
export async function withModel<T>(
	repository: string,
	name: string,
	poolThreads: string | undefined,
	use: (model: LoadedModel) => Promise<T>,
): Promise<T> {
	const runtime = createOnnxRuntime({
		poolThreads: poolThreadsOf(poolThreads),
		intraOpThreadCount: readCores().usable,
	});
	const registry = new ModelRegistry({
		versionReady: () => {},
		versionGone: () => {},
		loadFailed: () => {},
	});
	const loader = new ModelLoader({
		runtime,
		clock: systemClock,
		autoComplete: true,
		defaultMaxBatchSize: 4,
		defaultLaneCount: 1,
		warn: () => {},
	});
	const models = new DiskRepositoryService(
		{ repositories: [repository], isExplicit: true },
		registry,
		loader,
	);
	try {
		await models.load({ modelName: name, config: null, files: new Map() });
		const inference = new SchedulingInferenceService(registry, systemClock);
		const metadata = new RegistryMetadataService(registry, "saccade", VERSION);
		return await use({
			metadata: metadata.model(name, ""),
			config: metadata.config(name, ""),
			labels: registry.resolve(name, "").labels,
			infer: (inputs) => inferOnce(inference, name, inputs),
		});
	} finally {
		await registry.close();
		await models.close();
		runtime.close();
	}
}

function inferOnce(
	service: SchedulingInferenceService,
	modelName: string,
	inputs: readonly Tensor[],
): Promise<Tensor[]> {
	return new Promise((resolve, reject) => {
		const request = {
			modelName,
			modelVersion: "",
			id: "",
			inputs: inputs.map((input) => ({ ...input, parameters: null })),
			outputs: null,
			parameters: null,
			priority: 0,
			timeoutUs: 0,
			sequence: null,
			deadlineUs: Number.POSITIVE_INFINITY,
			receivedUs: systemClock.nowUs(),
			lease: null,
		};
		service.infer(request, {
			// The views die with the call.
			response: ({ outputs }) =>
				resolve(
					outputs.map((tensor) => ({ ...tensor, data: tensor.data.slice() })),
				),
			error: (error: SaccadeError) => reject(error),
		});
	});
}
