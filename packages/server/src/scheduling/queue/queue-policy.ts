// Triton's queue policy: how long, and how many, may wait on a priority level.
// https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto (ModelQueuePolicy)

export interface QueuePolicy {
	readonly timeoutAction: "reject" | "delay";
	/** 0: none. */
	readonly defaultTimeoutUs: number;
	readonly allowTimeoutOverride: boolean;
	/** 0: no limit. */
	readonly maxQueueCount: number;
}

export const NO_QUEUE_POLICY: QueuePolicy = {
	timeoutAction: "reject",
	defaultTimeoutUs: 0,
	allowTimeoutOverride: false,
	maxQueueCount: 0,
};

/**
 * The time-out of an entry in µs; 0 when none. As Triton's source has it, not its documents: a request's own
 * time-out counts only where overriding is allowed and only when it shortens a default that exists
 * (`PolicyQueue::Enqueue` in core/src/scheduler_utils.cc).
 */
export function effectiveTimeoutUs(
	policy: QueuePolicy,
	requestedUs: number,
): number {
	const shortens = requestedUs > 0 && requestedUs < policy.defaultTimeoutUs;
	return policy.allowTimeoutOverride && shortens
		? requestedUs
		: policy.defaultTimeoutUs;
}
