// What `saccade.shape_buckets` means for a model: which dimensions of inputs are padded together, and which of
// outputs follow them. Dimensions that bear the bucket's name in the model's file need no statement; whatever is left
// open is refused at load, all of it at once, because a wrong guess would be a wrong answer.

import type { DType } from "@saccade/protocol";
import { SaccadeError } from "../errors/saccade-error.ts";
import { canHold } from "../tensor/number-bytes.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import type {
	DeclaredBuckets,
	DeclaredDim,
	DimPlace,
	FollowingPlace,
} from "./shape-buckets-text.ts";

export interface BucketedDim {
	readonly name: string;
	/** Ascending. */
	readonly sizes: readonly number[];
	/** At least one; in one request they agree. */
	readonly inputs: readonly DimPlace[];
	readonly outputs: readonly FollowingPlace[];
}

export interface ShapeBuckets {
	readonly dims: readonly BucketedDim[];
	/** By input; 0 for those that are not there. */
	readonly padValues: ReadonlyMap<string, number>;
}

/** What counts of a tensor's configuration; `dims` without the batch. */
interface BucketedTensor {
	readonly name: string;
	readonly dtype: DType;
	readonly dims: readonly number[];
	readonly reshape: readonly number[] | null;
}

export interface BucketedModel {
	readonly name: string;
	/** Requests share runs. */
	readonly gathers: boolean;
	readonly inputs: readonly BucketedTensor[];
	readonly outputs: readonly BucketedTensor[];
	readonly signature: {
		readonly inputs: readonly TensorSpec[];
		readonly outputs: readonly TensorSpec[];
	};
}

/** Throws LOAD_FAILED with every problem. */
export function resolveShapeBuckets(
	declared: DeclaredBuckets | null,
	padValues: ReadonlyMap<string, number>,
	model: BucketedModel,
): ShapeBuckets | null {
	const problems: string[] = [];
	const resolved =
		declared === null ? null : new Resolution(declared, model, problems);
	const dims = resolved?.dims() ?? [];
	if (declared !== null && !model.gathers)
		problems.push(
			"nothing is batched: buckets need max_batch_size and dynamic_batching",
		);
	for (const [name, value] of padValues)
		problems.push(...padProblems(name, value, model, dims));
	if (problems.length > 0)
		throw new SaccadeError(
			"LOAD_FAILED",
			`shape buckets of model '${model.name}': ${problems.join("; ")}`,
		);
	return declared === null ? null : { dims, padValues };
}

function padProblems(
	name: string,
	value: number,
	{ inputs }: BucketedModel,
	dims: readonly BucketedDim[],
): string[] {
	const input = inputs.find((candidate) => candidate.name === name);
	if (input === undefined) return [`there is no input '${name}' to pad`];
	const isPadded = dims.some((dim) =>
		dim.inputs.some(({ tensor }) => tensor === name),
	);
	if (!isPadded) return [`no bucket pads input '${name}'`];
	return canHold(input.dtype, value)
		? []
		: [`input '${name}' is ${input.dtype} and cannot hold ${value}`];
}

class Resolution {
	readonly #declared: DeclaredBuckets;
	readonly #model: BucketedModel;
	readonly #problems: string[];

	constructor(
		declared: DeclaredBuckets,
		model: BucketedModel,
		problems: string[],
	) {
		this.#declared = declared;
		this.#model = model;
		this.#problems = problems;
	}

	dims(): BucketedDim[] {
		const { inputs, outputs } = this.#model;
		this.#checkPlaces();
		const dims = this.#declared.dims.map((dim) => {
			const found = this.#placesIn(inputs, dim);
			for (const { tensor, axis, times, by } of found)
				if (times !== 1 || by !== 1)
					this.#problems.push(`input '${tensor}[${axis}]' takes no factor`);
			if (found.length === 0)
				this.#problems.push(
					`no dynamic dimension of an input is called '${dim.name}': say where it is, as in '${dim.name} = ${dim.sizes.join(", ")} @ input[0]'`,
				);
			return {
				name: dim.name,
				sizes: dim.sizes,
				inputs: found.map(({ tensor, axis }) => ({ tensor, axis })),
				outputs: this.#placesIn(outputs, dim),
			};
		});
		this.#checkOutputs(dims);
		return dims;
	}

	/** What is stated, once each, on dimensions that can be. */
	#checkPlaces(): void {
		const { dims, kept } = this.#declared;
		const { inputs, outputs } = this.#model;
		const seen = new Set<string>();
		for (const { tensor, axis } of [
			...dims.flatMap(({ places }) => places),
			...kept,
		]) {
			const place = `'${tensor}[${axis}]'`;
			const tensors = [...inputs, ...outputs];
			const config = tensors.find(({ name }) => name === tensor);
			if (seen.has(place)) this.#problems.push(`${place} is stated twice`);
			else if (config === undefined)
				this.#problems.push(`there is no input or output '${tensor}'`);
			else if (axis >= config.dims.length)
				this.#problems.push(
					`${place}: the last dimension is ${config.dims.length - 1}`,
				);
			else if (config.dims[axis] !== -1)
				this.#problems.push(
					`${place} is not dynamic, it is ${config.dims[axis]}`,
				);
			seen.add(place);
		}
		for (const { tensor, axis } of kept)
			if (inputs.some(({ name }) => name === tensor))
				this.#problems.push(
					`'${tensor}[${axis}]' is of an input: only outputs are kept`,
				);
	}

	#placesIn(
		tensors: readonly BucketedTensor[],
		dim: DeclaredDim,
	): FollowingPlace[] {
		const found: FollowingPlace[] = [];
		for (const config of tensors)
			for (const [axis, size] of config.dims.entries()) {
				if (size !== -1) continue;
				const stated = placeAt(dim.places, config.name, axis);
				const isNamed = this.#nameOf(config, axis) === dim.name;
				if (stated === undefined && (!isNamed || this.#isStated(config, axis)))
					continue;
				this.#checkTensor(config);
				found.push(stated ?? { tensor: config.name, axis, times: 1, by: 1 });
			}
		return found;
	}

	#checkTensor({ name, dtype, reshape }: BucketedTensor): void {
		const problem =
			dtype === "BYTES"
				? `'${name}' is BYTES: elements of their own lengths are not padded`
				: reshape !== null
					? `'${name}' has a reshape, which padding would not survive`
					: null;
		if (problem !== null && !this.#problems.includes(problem))
			this.#problems.push(problem);
	}

	/** A dynamic dimension of an output follows one that is padded, or one that is not, or was said to be kept. */
	#checkOutputs(dims: readonly BucketedDim[]): void {
		const { inputs, outputs } = this.#model;
		const unpadded = new Set(
			inputs.flatMap((config) =>
				config.dims.flatMap((size, axis) =>
					size === -1 &&
					!dims.some((dim) => placeAt(dim.inputs, config.name, axis))
						? [this.#nameOf(config, axis)]
						: [],
				),
			),
		);
		unpadded.delete("");
		for (const config of outputs)
			for (const [axis, size] of config.dims.entries()) {
				if (size !== -1) continue;
				const name = this.#nameOf(config, axis);
				const isKnown =
					unpadded.has(name) ||
					placeAt(this.#declared.kept, config.name, axis) !== undefined ||
					dims.some((dim) => placeAt(dim.outputs, config.name, axis));
				if (isKnown) continue;
				const place = `${config.name}[${axis}]`;
				this.#problems.push(
					`it is open which input the dynamic dimension ${place} of an output follows${name === "" ? "" : ` (the file calls it '${name}')`}: say '@ ${place}' after the sizes that it follows (with /2 or *2 where it is a part or a multiple), or 'keep ${place}'`,
				);
			}
	}

	/** What the file calls it; "" where it has no name. */
	#nameOf(config: BucketedTensor, axis: number): string {
		const { inputs, outputs } = this.#model.signature;
		const spec = [...inputs, ...outputs].find(
			({ name }) => name === config.name,
		);
		if (config.reshape !== null) return "";
		return spec?.dimNames?.[axis + 1] ?? "";
	}

	#isStated(config: BucketedTensor, axis: number): boolean {
		const { dims, kept } = this.#declared;
		return (
			placeAt(kept, config.name, axis) !== undefined ||
			dims.some(({ places }) => placeAt(places, config.name, axis))
		);
	}
}

function placeAt<P extends DimPlace>(
	places: readonly P[],
	tensor: string,
	axis: number,
): P | undefined {
	return places.find((place) => place.tensor === tensor && place.axis === axis);
}
