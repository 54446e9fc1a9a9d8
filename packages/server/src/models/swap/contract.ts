// Whether a version may follow another one: whoever could use the old version must be able to use the new one, with the
// same requests. So inputs may take more than before and outputs promise no less.
import type {
	InputConfig,
	ModelConfig,
	TensorConfig,
} from "../../repository/model-config.ts";

type Contract = Pick<ModelConfig, "inputs" | "outputs" | "maxBatchSize">;

/** What clients of `old` would trip over; empty when there is nothing. */
export function contractProblems(old: Contract, next: Contract): string[] {
	return [
		...batchProblems(old.maxBatchSize, next.maxBatchSize),
		...old.inputs.flatMap((input) => inputProblems(input, next.inputs)),
		...next.inputs
			.filter(({ name, optional }) => !optional && !has(old.inputs, name))
			.map(({ name }) => `input '${name}' is new, and not optional`),
		...old.outputs.flatMap((output) => outputProblems(output, next.outputs)),
	];
}

function batchProblems(old: number, next: number): string[] {
	if (next >= old && old > 0 === next > 0) return [];
	const text = (size: number) => (size === 0 ? "none" : String(size));
	return [`max_batch_size was ${text(old)}, is ${text(next)}`];
}

function inputProblems(
	old: InputConfig,
	nextInputs: readonly InputConfig[],
): string[] {
	const next = nextInputs.find(({ name }) => name === old.name);
	if (next === undefined) return [`input '${old.name}' is gone`];
	if (old.optional && !next.optional)
		return [`input '${old.name}' was optional, and is not any more`];
	// Whatever was taken is taken: a dimension may become free, not fixed.
	return tensorProblems(
		"input",
		old,
		next,
		(was, is) => is === was || is === -1,
	);
}

function outputProblems(
	old: TensorConfig,
	nextOutputs: readonly TensorConfig[],
): string[] {
	const next = nextOutputs.find(({ name }) => name === old.name);
	if (next === undefined) return [`output '${old.name}' is gone`];
	// Whatever was promised is kept: a dimension may become fixed, not free.
	return tensorProblems(
		"output",
		old,
		next,
		(was, is) => is === was || was === -1,
	);
}

function tensorProblems(
	kind: string,
	old: TensorConfig,
	next: TensorConfig,
	follows: (was: number, is: number) => boolean,
): string[] {
	const isSame =
		old.dtype === next.dtype &&
		old.dims.length === next.dims.length &&
		old.dims.every((size, axis) => follows(size, next.dims[axis] ?? 0));
	if (isSame) return [];
	return [`${kind} '${old.name}' was ${shown(old)}, is ${shown(next)}`];
}

function shown({ dtype, dims }: TensorConfig): string {
	return `${dtype} [${dims.join(", ")}]`;
}

function has(tensors: readonly TensorConfig[], name: string): boolean {
	return tensors.some((tensor) => tensor.name === name);
}
