import type { ModelConfig as ConfigMessage } from "@saccade/protocol/gen/inference/model_config_pb.js";

/** Fields that Triton acts on and this server does not: each is named once in a warning, never silently dropped. */
export function ignoredFields(message: ConfigMessage): string[] {
	const { optimization } = message;
	const present: [name: string, isSet: boolean][] = [
		["response_cache", message.responseCache?.enable === true],
		["batch_input", message.batchInput.length > 0],
		["batch_output", message.batchOutput.length > 0],
		["model_repository_agents", message.modelRepositoryAgents !== undefined],
		[
			"model_transaction_policy.decoupled",
			message.modelTransactionPolicy?.decoupled === true,
		],
		["model_operations", message.modelOperations !== undefined],
		["model_metrics", message.modelMetrics !== undefined],
		["cc_model_filenames", Object.keys(message.ccModelFilenames).length > 0],
		["runtime", message.runtime !== ""],
		["optimization.cuda", optimization?.cuda !== undefined],
		[
			"optimization.input_pinned_memory",
			optimization?.inputPinnedMemory !== undefined,
		],
		[
			"optimization.output_pinned_memory",
			optimization?.outputPinnedMemory !== undefined,
		],
		["optimization.eager_batching", optimization?.eagerBatching === true],
		[
			"input.allow_ragged_batch",
			message.input.some((input) => input.allowRaggedBatch),
		],
		[
			"input.is_shape_tensor",
			message.input.some((input) => input.isShapeTensor),
		],
		[
			"instance_group.gpus",
			message.instanceGroup.some((group) => group.gpus.length > 0),
		],
		[
			"instance_group.rate_limiter",
			message.instanceGroup.some((group) => group.rateLimiter !== undefined),
		],
		[
			"instance_group.host_policy",
			message.instanceGroup.some((group) => group.hostPolicy !== ""),
		],
	];
	return present.filter(([, isSet]) => isSet).map(([name]) => name);
}
