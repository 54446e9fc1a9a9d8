// The scheduler of a version: the policy, and what the configuration says of batches, queues and deadlines.
import type { ModelConfig } from "../../repository/model-config.ts";
import {
	BatchScheduler,
	type BatchSchedulerOptions,
} from "../../scheduling/batch-scheduler.ts";
import type { BatchRules } from "../../scheduling/policies/batch-rules.ts";
import { DeadlinePolicy } from "../../scheduling/policies/deadline-policy.ts";
import { TritonPolicy } from "../../scheduling/policies/triton-policy.ts";
import type { SchedulingPolicy } from "../../scheduling/policy.ts";
import { NO_QUEUE_POLICY } from "../../scheduling/queue/queue-policy.ts";
import type { ModelEntry } from "../entry.ts";
import type { VersionDevices } from "./version-devices.ts";

/** `deadline`: earliest first, refused early when it cannot be met; `triton`: as Triton does. */
export type SchedulingPolicyName = "deadline" | "triton";

type Given = Pick<
	BatchSchedulerOptions<ModelEntry>,
	"clock" | "executor" | "events" | "share" | "loopDelayUs"
>;

export function createVersionScheduler(
	config: ModelConfig,
	policy: SchedulingPolicyName,
	devices: VersionDevices,
	given: Given,
): BatchScheduler<ModelEntry> {
	const rules = batchRules(config);
	const queues = config.dynamicBatching;
	return new BatchScheduler<ModelEntry>({
		...given,
		policy: createPolicy(policy, config, rules, devices),
		placement: devices.placement,
		maxRows: rules.maxRows,
		levels: queues?.levels ?? [NO_QUEUE_POLICY],
		defaultLevel: queues?.defaultLevel ?? 1,
		preserveOrdering: queues?.preserveOrdering ?? false,
	});
}

function createPolicy(
	name: SchedulingPolicyName,
	config: ModelConfig,
	rules: BatchRules,
	{ times, earliestFinish }: VersionDevices,
): SchedulingPolicy<ModelEntry> {
	return name === "triton"
		? new TritonPolicy(rules)
		: new DeadlinePolicy({
				rules,
				cost: times,
				finish: earliestFinish,
				objectiveUs: config.saccade.objectiveUs,
			});
}

/** Without `dynamic_batching` a model is not batched, whatever it could take. */
export function batchRules({
	maxBatchSize,
	dynamicBatching,
}: Pick<ModelConfig, "maxBatchSize" | "dynamicBatching">): BatchRules {
	if (maxBatchSize === 0 || dynamicBatching === null)
		return { maxRows: 1, preferredRows: [], maxDelayUs: 0 };
	const { preferredBatchSizes, maxQueueDelayUs } = dynamicBatching;
	// Preferring nothing but the largest batch, which is what Triton fills in, is no preference.
	const [first, ...others] = preferredBatchSizes;
	const isFilledIn = first === maxBatchSize && others.length === 0;
	return {
		maxRows: maxBatchSize,
		preferredRows: isFilledIn ? [] : preferredBatchSizes,
		maxDelayUs: maxQueueDelayUs,
	};
}
