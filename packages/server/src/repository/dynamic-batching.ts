import type {
	ModelConfig as ConfigMessage,
	ModelDynamicBatching,
	ModelQueuePolicy,
} from "@saccade/protocol/gen/inference/model_config_pb.js";
import { ModelQueuePolicy_TimeoutAction } from "@saccade/protocol/gen/inference/model_config_pb.js";
import { SaccadeError } from "../errors/saccade-error.ts";
import type {
	DynamicBatchingConfig,
	QueuePolicyConfig,
} from "./model-config.ts";

/** Each level has queues of its own: more is a mistake. */
const MAX_LEVELS = 1000;

/** Null: the model is not batched. Throws LOAD_FAILED for levels and sizes that contradict each other. */
export function resolveDynamicBatching(
	message: ConfigMessage,
): DynamicBatchingConfig | null {
	if (message.schedulingChoice.case === "sequenceBatching")
		throw new SaccadeError(
			"LOAD_FAILED",
			"sequence_batching is not offered by this version; remove it, or serve the model without state",
		);
	if (message.schedulingChoice.case === "ensembleScheduling")
		throw new SaccadeError(
			"LOAD_FAILED",
			"ensemble_scheduling is not offered by this version",
		);
	if (message.schedulingChoice.case !== "dynamicBatching") return null;
	const batching = message.schedulingChoice.value;
	const preferred = [...new Set(batching.preferredBatchSize)].sort(
		(a, b) => a - b,
	);
	const tooLarge = preferred.find(
		(size) => size < 1 || size > message.maxBatchSize,
	);
	if (tooLarge !== undefined)
		throw new SaccadeError(
			"LOAD_FAILED",
			`dynamic batching preferred size must be between 1 and max_batch_size (${message.maxBatchSize}), got ${tooLarge}`,
		);
	const levelCount = Number(batching.priorityLevels);
	const defaultLevel = Number(batching.defaultPriorityLevel);
	if (levelCount > MAX_LEVELS)
		throw new SaccadeError(
			"LOAD_FAILED",
			`priority_levels is at most ${MAX_LEVELS}, got ${levelCount}`,
		);
	if (levelCount > 0 && (defaultLevel < 1 || defaultLevel > levelCount))
		throw new SaccadeError(
			"LOAD_FAILED",
			`default_priority_level must be in 1 … ${levelCount}, got ${defaultLevel}`,
		);
	assertPolicyLevels(batching, levelCount);
	const levels = Array.from({ length: Math.max(levelCount, 1) }, (_, index) =>
		resolvePolicy(
			batching.priorityQueuePolicy[String(index + 1)] ??
				batching.defaultQueuePolicy,
		),
	);
	if (batching.preserveOrdering) assertOrderCanBeKept(levels);
	return {
		preferredBatchSizes: preferred,
		maxQueueDelayUs: Number(batching.maxQueueDelayMicroseconds),
		preserveOrdering: batching.preserveOrdering,
		levels,
		defaultLevel: Math.max(defaultLevel, 1),
	};
}

function assertPolicyLevels(
	batching: ModelDynamicBatching,
	levelCount: number,
): void {
	const most = Math.max(levelCount, 1);
	const outside = Object.keys(batching.priorityQueuePolicy).find(
		(level) => Number(level) < 1 || Number(level) > most,
	);
	if (outside !== undefined)
		throw new SaccadeError(
			"LOAD_FAILED",
			`priority_queue_policy has level ${outside}; priority_levels allows 1 … ${most}`,
		);
}

/** What overtakes contradicts answers in the order of arrival. */
function assertOrderCanBeKept(levels: readonly QueuePolicyConfig[]): void {
	if (levels.length > 1)
		throw new SaccadeError(
			"LOAD_FAILED",
			`preserve_ordering allows one priority level, got ${levels.length}`,
		);
	const delays = levels.some(
		({ timeoutAction, defaultTimeoutUs }) =>
			timeoutAction === "delay" && defaultTimeoutUs > 0,
	);
	if (delays)
		throw new SaccadeError(
			"LOAD_FAILED",
			"preserve_ordering does not allow the timeout_action DELAY, which lets later requests overtake",
		);
}

function resolvePolicy(
	policy: ModelQueuePolicy | undefined,
): QueuePolicyConfig {
	return {
		timeoutAction:
			policy?.timeoutAction === ModelQueuePolicy_TimeoutAction.DELAY
				? "delay"
				: "reject",
		defaultTimeoutUs: Number(policy?.defaultTimeoutMicroseconds ?? 0n),
		allowTimeoutOverride: policy?.allowTimeoutOverride ?? false,
		maxQueueCount: policy?.maxQueueSize ?? 0,
	};
}
