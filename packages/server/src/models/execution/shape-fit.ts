// Requests and their shape buckets: which bucket holds a request, and what its answer is cut down to.
import { DTYPE_BYTES } from "@saccade/protocol";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { ModelConfig } from "../../repository/model-config.ts";
import type { BucketedDim } from "../../repository/shape-buckets.ts";
import type { FollowingPlace } from "../../repository/shape-buckets-text.ts";
import type { Session } from "../../runtime/runtime.ts";
import { numberBytes } from "../../tensor/number-bytes.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";

/** How a request differs from its bucket. */
export interface Padding {
	/** By the session's order; null: the input is not padded. */
	readonly givenShapes: readonly (readonly number[] | null)[];
	/** By bucketed dimension; −1: no input of the request has it. */
	readonly givenSizes: readonly number[];
	readonly bucketSizes: readonly number[];
}

export interface FittedShapes {
	/** As the model runs them. */
	readonly shapes: readonly (readonly number[] | null)[];
	/** Null: the request has the very shapes of its bucket. */
	readonly padding: Padding | null;
}

interface Place {
	readonly tensor: number;
	/** Of the full shape, the batch at 0. */
	readonly axis: number;
	readonly times: number;
	readonly by: number;
}

interface FittedDim {
	readonly name: string;
	readonly sizes: readonly number[];
	readonly inputs: readonly Place[];
}

export class ShapeFit {
	/** One element of each input of the session; null: it is never padded. */
	readonly padBytes: readonly (Uint8Array | null)[];
	readonly #model: string;
	readonly #inputs: readonly TensorSpec[];
	readonly #outputs: readonly TensorSpec[];
	readonly #dims: readonly FittedDim[];
	/** By the session's order of outputs. */
	readonly #following: readonly (readonly (Place & {
		readonly dim: number;
	})[])[];

	/** Null for models without buckets. */
	static of(
		config: ModelConfig,
		session: Pick<Session, "inputs" | "outputs">,
	): ShapeFit | null {
		const buckets = config.shapeBuckets;
		return buckets === null
			? null
			: new ShapeFit(config.name, buckets.dims, buckets.padValues, session);
	}

	private constructor(
		model: string,
		dims: readonly BucketedDim[],
		padValues: ReadonlyMap<string, number>,
		{ inputs, outputs }: Pick<Session, "inputs" | "outputs">,
	) {
		this.#model = model;
		this.#inputs = inputs;
		this.#outputs = outputs;
		this.#dims = dims.map((dim) => ({
			name: dim.name,
			sizes: dim.sizes,
			inputs: dim.inputs.map((place) =>
				placeIn(inputs, { ...place, times: 1, by: 1 }),
			),
		}));
		this.#following = outputs.map((_, index) =>
			dims.flatMap((dim, position) =>
				dim.outputs
					.map((place) => ({ ...placeIn(outputs, place), dim: position }))
					.filter(({ tensor }) => tensor === index),
			),
		);
		this.padBytes = inputs.map(({ name, dtype }, index) =>
			this.#dims.some((dim) =>
				dim.inputs.some(({ tensor }) => tensor === index),
			)
				? numberBytes(dtype, padValues.get(name) ?? 0)
				: null,
		);
	}

	/** Into the smallest bucket that holds it. Throws INVALID_ARGUMENT when none does. */
	fit(given: readonly (readonly number[] | null)[]): FittedShapes {
		const givenSizes = this.#dims.map((dim) => this.#sizeOf(dim, given));
		const bucketSizes = this.#dims.map((dim, index) =>
			this.#bucketOf(dim, givenSizes[index]!),
		);
		if (bucketSizes.every((size, index) => size === givenSizes[index]))
			return { shapes: given, padding: null };
		const shapes = given.map((shape) => shape && [...shape]);
		const isPadded = given.map(() => false);
		for (const [index, { inputs }] of this.#dims.entries()) {
			if (bucketSizes[index] === givenSizes[index]) continue;
			for (const { tensor, axis } of inputs) {
				const shape = shapes[tensor];
				if (shape === null || shape === undefined) continue;
				shape[axis] = bucketSizes[index]!;
				isPadded[tensor] = true;
			}
		}
		const givenShapes = given.map((shape, index) =>
			isPadded[index] ? shape : null,
		);
		return { shapes, padding: { givenShapes, givenSizes, bucketSizes } };
	}

	/** Shapes of the smallest request that is padded, and of the largest bucket; null where not every dimension is bucketed. */
	extremes(
		rows: number,
	): { readonly small: number[][]; readonly large: number[][] } | null {
		const shaped = (sizeOf: (dim: FittedDim) => number) =>
			this.#inputs.map(({ shape }, tensor) =>
				shape.map((size, axis) => {
					if (axis === 0) return rows;
					const dim = this.#dims.find(({ inputs }) =>
						inputs.some(
							(place) => place.tensor === tensor && place.axis === axis,
						),
					);
					return dim === undefined ? size : sizeOf(dim);
				}),
			);
		const small = shaped(() => 1);
		const large = shaped(({ sizes }) => sizes.at(-1)!);
		const isOpen = large.some((shape) => shape.includes(-1));
		return isOpen ? null : { small, large };
	}

	/**
	 * What the run's output is cut down to for a request. Throws EXECUTION_FAILED when the output is not what its
	 * declaration says: it would be cut in the wrong place.
	 */
	answerShape(
		output: number,
		run: readonly number[],
		rows: number,
		padding: Padding,
	): readonly number[] {
		const shape = [rows, ...run.slice(1)];
		for (const { dim, axis, times, by } of this.#following[output]!) {
			const bucket = padding.bucketSizes[dim]!;
			if (bucket === -1) continue;
			const expected = Math.ceil((bucket * times) / by);
			if (run[axis] !== expected)
				throw new SaccadeError(
					"EXECUTION_FAILED",
					`output '${this.#outputs[output]?.name}' of model '${this.#model}' has ${run[axis]} in dimension ${axis} at ${bucket} of '${this.#dims[dim]?.name}', where saccade.shape_buckets says ${expected}: mend what it says`,
				);
			shape[axis] = Math.ceil((padding.givenSizes[dim]! * times) / by);
		}
		return shape;
	}

	elementBytes(output: number): number {
		return DTYPE_BYTES[this.#outputs[output]!.dtype];
	}

	#sizeOf(
		dim: FittedDim,
		given: readonly (readonly number[] | null)[],
	): number {
		let size = -1;
		let first = "";
		for (const { tensor, axis } of dim.inputs) {
			const shape = given[tensor];
			if (shape === null || shape === undefined) continue;
			const name = this.#inputs[tensor]!.name;
			if (size !== -1 && shape[axis] !== size)
				throw new SaccadeError(
					"INVALID_ARGUMENT",
					`'${dim.name}' of model '${this.#model}' is one size in a request, got ${size} in input '${first}' and ${shape[axis]} in input '${name}'`,
				);
			size = shape[axis]!;
			first = name;
		}
		return size;
	}

	#bucketOf({ name, sizes, inputs }: FittedDim, given: number): number {
		if (given === -1) return -1;
		for (const size of sizes) if (size >= given) return size;
		const { tensor, axis } = inputs[0]!;
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`input '${this.#inputs[tensor]?.name}' has ${given} in dimension ${axis}, and the largest shape bucket of '${name}' of model '${this.#model}' is ${sizes.at(-1)}: send at most ${sizes.at(-1)}, or add a bucket to saccade.shape_buckets`,
		);
	}
}

/** Places count without the batch dimension, which buckets always have. */
function placeIn(
	specs: readonly TensorSpec[],
	{ tensor, axis, times, by }: FollowingPlace,
): Place {
	return {
		tensor: specs.findIndex(({ name }) => name === tensor),
		axis: axis + 1,
		times,
		by,
	};
}

/** What requests must share to share a batch; "" for models whose shapes are fixed but for the batch. */
export function shapeKeyOf(
	shapes: readonly (readonly number[] | null)[],
	isBatched: boolean,
): string {
	return shapes
		.map((shape) => shape?.slice(isBatched ? 1 : 0).join("x") ?? "-")
		.join(";");
}
