// Which requests of a model are traced where it has settings of its own, as Triton counts: every so manieth, and so many
// in all. https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_trace.html

export interface SamplingRule {
	/** One of so many; 0: none. */
	readonly rate: number;
	/** Traces at most; Infinity: as many as come. */
	readonly count: number;
}

export class ModelSampler {
	readonly #rate: number;
	#leftCount: number;
	#seenCount = 0;

	constructor({ rate, count }: SamplingRule) {
		this.#rate = rate;
		this.#leftCount = count;
	}

	/** Traces that are still to come. */
	get leftCount(): number {
		return this.#leftCount;
	}

	takesNext(): boolean {
		if (this.#rate === 0 || this.#leftCount <= 0) return false;
		this.#seenCount++;
		if (this.#seenCount % this.#rate !== 0) return false;
		this.#leftCount--;
		return true;
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

	/** @param rule null: it is traced as all others */
	set(model: string, rule: SamplingRule | null): void {
		if (rule === null) this.#byModel.delete(model);
		else this.#byModel.set(model, new ModelSampler(rule));
	}
}
