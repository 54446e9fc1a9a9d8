// Which requests of a model are traced where it has settings of its own, as Triton counts: every so manieth, and so many
// in all. https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_trace.html
import { TraceCount } from "./trace-count.ts";

export interface SamplingRule {
	/** One of so many; 0: none. */
	readonly rate: number;
	/** Traces at most; Infinity: as many as come. */
	readonly count: number;
}

/** A rule with what it has counted, as threads tell it each other. */
export interface SharedRule {
	readonly rate: number;
	/** Traces that are still to come, and requests that were seen. */
	readonly memory: SharedArrayBuffer;
}

/** Another share is sampled from now on: of requests to all models without a rule of their own, or of those to one. */
export type SamplingChange =
	| { readonly kind: "sample"; readonly ratio: number }
	| {
			readonly kind: "sample-model";
			readonly model: string;
			/** Null: as all others. */
			readonly rule: SharedRule | null;
	  };

/** Where in its memory the count of requests is. */
const SEEN = 1;

export class ModelSampler {
	readonly shared: SharedRule;
	readonly #count: TraceCount;
	readonly #numbers: Int32Array;

	constructor(shared: SharedRule) {
		this.shared = shared;
		this.#count = new TraceCount(shared.memory);
		this.#numbers = new Int32Array(shared.memory);
	}

	static of({ rate, count }: SamplingRule): ModelSampler {
		const memory = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
		const sampler = new ModelSampler({ rate, memory });
		sampler.#count.left = count;
		return sampler;
	}

	/** Traces that are still to come. */
	get leftCount(): number {
		return this.#count.left;
	}

	takesNext(): boolean {
		const { rate } = this.shared;
		if (rate === 0 || this.#count.left <= 0) return false;
		const seenCount = Atomics.add(this.#numbers, SEEN, 1) + 1;
		return seenCount % rate === 0 && this.#count.take();
	}
}

/** Of the models that have settings of their own. */
export class ModelSamplers {
	readonly #byModel = new Map<string, ModelSampler>();

	/** Asked before every request. */
	get isEmpty(): boolean {
		return this.#byModel.size === 0;
	}

	/** Null: it is traced as all others. */
	of(model: string): ModelSampler | null {
		return this.#byModel.get(model) ?? null;
	}

	/** @param rule null: it is traced as all others @returns by what other threads sample it, too */
	set(model: string, rule: SamplingRule | null): SharedRule | null {
		const shared = rule === null ? null : ModelSampler.of(rule).shared;
		this.share(model, shared);
		return shared;
	}

	/** @param rule of another thread */
	share(model: string, rule: SharedRule | null): void {
		if (rule === null) this.#byModel.delete(model);
		else this.#byModel.set(model, new ModelSampler(rule));
	}
}
