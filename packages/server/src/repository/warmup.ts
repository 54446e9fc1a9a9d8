import { fromConfigType } from "@saccade/protocol";
import {
	type ModelConfig as ConfigMessage,
	DataType,
	type ModelWarmup_Input,
} from "@saccade/protocol/gen/inference/model_config_pb.js";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { WarmupInput, WarmupSample } from "./model-config.ts";

/** `model_warmup`. Throws LOAD_FAILED for an input without type or data. */
export function resolveWarmup(message: ConfigMessage): WarmupSample[] {
	return message.modelWarmup.map((sample) => ({
		name: sample.name,
		batchSize: sample.batchSize,
		count: Math.max(sample.count, 1),
		inputs: new Map(
			Object.entries(sample.inputs).map(([name, input]) => [
				name,
				resolveInput(name, input),
			]),
		),
	}));
}

function resolveInput(name: string, input: ModelWarmup_Input): WarmupInput {
	const dtype = fromConfigType(DataType[input.dataType] ?? "");
	const source = input.inputDataType;
	if (dtype === null || source.case === undefined)
		throw new SaccadeError(
			"LOAD_FAILED",
			`warm-up input '${name}' needs data_type and one of zero_data, random_data, input_data_file`,
		);
	const dims = input.dims.map(Number);
	if (source.case === "inputDataFile")
		return { dtype, dims, fill: { file: source.value } };
	return {
		dtype,
		dims,
		fill: source.case === "randomData" ? "random" : "zero",
	};
}
