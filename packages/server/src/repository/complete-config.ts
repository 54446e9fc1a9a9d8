// What a configuration leaves out, from the model's own signature, as Triton's auto-completion has it
// (onnxruntime_backend/src/onnxruntime.cc, AutoCompleteConfig), with its known oddity mended: an explicit
// `max_batch_size: 0` is only overridden where nothing else was configured.
import { create } from "@bufbuild/protobuf";
import { type DType, toConfigType } from "@saccade/protocol";
import {
	type ModelConfig as ConfigMessage,
	DataType,
	ModelDynamicBatchingSchema,
	type ModelInput,
	ModelInputSchema,
	ModelInstanceGroup_Kind,
	ModelInstanceGroupSchema,
	type ModelOutput,
	ModelOutputSchema,
	ModelTensorReshapeSchema,
	ModelVersionPolicy_LatestSchema,
	ModelVersionPolicySchema,
} from "@saccade/protocol/gen/inference/model_config_pb.js";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import { BACKENDS } from "./backends.ts";

export interface Signature {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
}

export interface ResolveOptions {
	/** Directory name: the name in the message must agree. */
	readonly name: string;
	/** Batch size of models whose configuration states none. */
	readonly defaultMaxBatchSize: number;
	/** False: what the message leaves out stays out. */
	readonly autoComplete: boolean;
	readonly defaultInstanceCount: number;
}

/** Inputs, outputs and batching. Throws LOAD_FAILED for what the signature cannot do. */
export function autoComplete(
	message: ConfigMessage,
	signature: Signature,
	options: ResolveOptions,
): void {
	const batchable = [...signature.inputs, ...signature.outputs].every(
		(spec) => spec.shape.length > 0 && spec.shape[0] === -1,
	);
	if (!batchable && message.maxBatchSize > 0)
		throw new SaccadeError(
			"LOAD_FAILED",
			`autofill failed for model '${options.name}': model does not support batching while non-zero max_batch_size is specified`,
		);
	const untouched = message.input.length === 0 && message.output.length === 0;
	if (batchable && message.maxBatchSize === 0 && untouched) {
		message.maxBatchSize = options.defaultMaxBatchSize;
		if (message.maxBatchSize > 1 && message.schedulingChoice.case === undefined)
			message.schedulingChoice = {
				case: "dynamicBatching",
				value: create(ModelDynamicBatchingSchema),
			};
	}
	const batched = message.maxBatchSize > 0;
	if (message.input.length === 0)
		message.input = signature.inputs.map((spec) => inputOf(spec, batched));
	if (message.output.length === 0)
		message.output = signature.outputs.map((spec) => outputOf(spec, batched));
}

function inputOf(spec: TensorSpec, batched: boolean): ModelInput {
	return create(ModelInputSchema, {
		name: spec.name,
		dataType: dataTypeOf(spec.dtype),
		...dimsOf(spec, batched),
	});
}

function outputOf(spec: TensorSpec, batched: boolean): ModelOutput {
	return create(ModelOutputSchema, {
		name: spec.name,
		dataType: dataTypeOf(spec.dtype),
		...dimsOf(spec, batched),
	});
}

/** Scalars appear as [1] with a reshape to []. */
function dimsOf(spec: TensorSpec, batched: boolean) {
	const shape = batched ? spec.shape.slice(1) : spec.shape;
	if (shape.length > 0) return { dims: shape.map(BigInt) };
	return { dims: [1n], reshape: create(ModelTensorReshapeSchema) };
}

function dataTypeOf(dtype: DType): DataType {
	return DataType[toConfigType(dtype) as keyof typeof DataType];
}

/** What Triton prints for a configuration that does not say it. */
export function fillDefaults(
	message: ConfigMessage,
	options: ResolveOptions,
	backend: string,
): void {
	const { platform, modelFilename } = BACKENDS[backend]!;
	message.platform = platform;
	message.backend = backend;
	message.defaultModelFilename ||= modelFilename;
	message.versionPolicy ??= create(ModelVersionPolicySchema, {
		policyChoice: {
			case: "latest",
			value: create(ModelVersionPolicy_LatestSchema, { numVersions: 1 }),
		},
	});
	for (const [index, group] of message.instanceGroup.entries()) {
		group.name ||= `${options.name}_${index}`;
		group.count = Math.max(group.count, 1);
		if (group.kind === ModelInstanceGroup_Kind.AUTO)
			group.kind = ModelInstanceGroup_Kind.CPU;
	}
	if (message.instanceGroup.length === 0)
		message.instanceGroup = [
			create(ModelInstanceGroupSchema, {
				name: options.name,
				kind: ModelInstanceGroup_Kind.CPU,
				count: options.defaultInstanceCount,
			}),
		];
	if (message.schedulingChoice.case === "dynamicBatching") {
		const batching = message.schedulingChoice.value;
		if (batching.preferredBatchSize.length === 0)
			batching.preferredBatchSize = [message.maxBatchSize];
	}
}
