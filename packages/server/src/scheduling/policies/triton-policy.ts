// Triton's own scheduling, for who wants exactly that.
import type { RunOrWait, SchedulerView, SchedulingPolicy } from "../policy.ts";
import type { Entry } from "../scheduler.ts";
import { type BatchRules, decideBatch } from "./batch-rules.ts";

/** First come, first served, and nothing is predicted: what Triton does. */
export class TritonPolicy<E extends Entry> implements SchedulingPolicy<E> {
	readonly #rules: BatchRules;

	constructor(rules: BatchRules) {
		this.#rules = rules;
	}

	orderUs(): number {
		return 0;
	}

	cannotFinishUs(): number {
		return 0;
	}

	decide({ queue, nowUs, isDraining }: SchedulerView<E>): RunOrWait {
		return decideBatch(queue, this.#rules, nowUs, isDraining);
	}

	likelyUs(): number {
		return 0;
	}

	arrived(): void {}

	answered(): void {}
}
