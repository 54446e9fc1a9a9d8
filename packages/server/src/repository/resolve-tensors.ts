// Inputs and outputs of a configuration, held against those of the model's file. Throws LOAD_FAILED with what contradicts
// what.
import { fromConfigType, toConfigType } from "@saccade/protocol";
import {
	DataType,
	type ModelInput,
	type ModelOutput,
} from "@saccade/protocol/gen/inference/model_config_pb.js";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import type {
	InputConfig,
	OutputConfig,
	TensorConfig,
} from "./model-config.ts";

export function resolveInput(
	input: ModelInput,
	specs: readonly TensorSpec[],
	batched: boolean,
	model: string,
): InputConfig {
	return {
		...resolveTensor("input", input, specs, batched, model),
		optional: input.optional,
	};
}

export function resolveOutput(
	output: ModelOutput,
	specs: readonly TensorSpec[],
	batched: boolean,
	model: string,
): OutputConfig {
	return {
		...resolveTensor("output", output, specs, batched, model),
		labelFilename: output.labelFilename || null,
	};
}

function resolveTensor(
	kind: "input" | "output",
	tensor: ModelInput | ModelOutput,
	specs: readonly TensorSpec[],
	batched: boolean,
	model: string,
): TensorConfig {
	const spec = specs.find(({ name }) => name === tensor.name);
	if (spec === undefined)
		throw new SaccadeError(
			"LOAD_FAILED",
			`unexpected inference ${kind} '${tensor.name}' for model '${model}': the file has ${specs.map(({ name }) => `'${name}'`).join(", ")}`,
		);
	const dtype = fromConfigType(DataType[tensor.dataType] ?? "");
	const dims = tensor.dims.map(Number);
	const reshape = tensor.reshape?.shape.map(Number) ?? null;
	if (dtype !== spec.dtype)
		throw new SaccadeError(
			"LOAD_FAILED",
			`${kind} '${tensor.name}' of model '${model}' is configured as ${DataType[tensor.dataType]}; the file has ${toConfigType(spec.dtype)}`,
		);
	const full = batched ? [-1, ...(reshape ?? dims)] : (reshape ?? dims);
	if (!shapesAgree(full, spec.shape))
		throw new SaccadeError(
			"LOAD_FAILED",
			`${kind} '${tensor.name}' of model '${model}' is configured with full shape [${full}]; the file has [${spec.shape}]${batched ? "; max_batch_size > 0 puts a batch dimension before the configured dims" : ""}`,
		);
	return { name: tensor.name, dtype: spec.dtype, dims, reshape };
}

function shapesAgree(a: readonly number[], b: readonly number[]): boolean {
	return (
		a.length === b.length &&
		a.every((size, axis) => size === -1 || b[axis] === -1 || size === b[axis])
	);
}
