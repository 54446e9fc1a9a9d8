// The policies that are measured side by side: how each server is started and configured. Pure.
import type { GoodputWorkload } from "./workloads.ts";

export const POLICIES = ["deadline", "triton", "triton-tuned", "none"] as const;
export type PolicyName = (typeof POLICIES)[number];

export const POLICY_ABOUT: Readonly<Record<PolicyName, string>> = {
	deadline: "as shipped; each request's deadline is all that it knows",
	triton: "--scheduling-policy=triton, the same configuration",
	"triton-tuned":
		"the same with a queue policy: time-out half the deadline, at most as many waiting as the capacity serves in it",
	none: "--scheduling-policy=triton, each request in a run of its own",
};

/** What is measured of a policy, so that a run stays short: `deadline` and `triton` everywhere, the others at these. */
export const SPARSE_LOADS: readonly number[] = [1, 2];

export function isDense(policy: PolicyName): boolean {
	return policy === "deadline" || policy === "triton";
}

export function serverArguments(policy: PolicyName): string[] {
	return policy === "deadline" ? [] : ["--scheduling-policy=triton"];
}

export function policiesOf({ isBatched }: GoodputWorkload): PolicyName[] {
	// Triton has queue policies and batches only for models with a batch dimension.
	return isBatched ? [...POLICIES] : ["deadline", "triton"];
}

const BATCHING = /^dynamic_batching \{[^{}]*\}\n/m;

/** @param capacityPerSecond as the search found it */
export function configOf(
	policy: PolicyName,
	config: string,
	{ deadlineMs }: Pick<GoodputWorkload, "deadlineMs">,
	capacityPerSecond: number,
): string {
	switch (policy) {
		case "deadline":
		case "triton":
			return config;
		case "none":
			return replaceBatching(config, "");
		case "triton-tuned":
			return replaceBatching(
				config,
				tunedBatching(deadlineMs, capacityPerSecond),
			);
	}
}

/** What waits longer than half the deadline has the other half for its run and the way back. */
function tunedBatching(deadlineMs: number, capacityPerSecond: number): string {
	const timeoutMs = deadlineMs / 2;
	const size = Math.max(1, Math.round((capacityPerSecond * timeoutMs) / 1000));
	return `dynamic_batching {
  default_queue_policy {
    timeout_action: REJECT
    default_timeout_microseconds: ${Math.round(timeoutMs * 1000)}
    max_queue_size: ${size}
  }
}
`;
}

function replaceBatching(config: string, by: string): string {
	if (!BATCHING.test(config))
		throw new Error(`no dynamic_batching in\n${config}`);
	return config.replace(BATCHING, by);
}
