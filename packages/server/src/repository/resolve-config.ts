// `inference.ModelConfig` + the model's own signature → ModelConfig. What the message leaves out is completed as
// Triton's auto-completion does it (onnxruntime_backend/src/onnxruntime.cc, AutoCompleteConfig), with its known
// oddity mended: an explicit `max_batch_size: 0` is only overridden where nothing else was configured.

import { clone, create } from "@bufbuild/protobuf";
import { type DType, fromConfigType, toConfigType } from "@saccade/protocol";
import {
	type ModelConfig as ConfigMessage,
	DataType,
	ModelConfigSchema,
	ModelDynamicBatchingSchema,
	type ModelInput,
	ModelInputSchema,
	type ModelInstanceGroup,
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
import { resolveDynamicBatching } from "./dynamic-batching.ts";
import { ignoredFields } from "./ignored-fields.ts";
import { resolveLoadOptions } from "./load-options.ts";
import type {
	InputConfig,
	InstanceGroup,
	ModelConfig,
	OutputConfig,
	SaccadeSettings,
	TensorConfig,
	VersionPolicy,
} from "./model-config.ts";
import { parseSaccadeSettings } from "./saccade-settings.ts";
import { resolveShapeBuckets } from "./shape-buckets.ts";
import { resolveWarmup } from "./warmup.ts";

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

interface BackendFacts {
	readonly platform: string;
	readonly modelFilename: string;
}

/** By backend; the first is the default. */
const BACKENDS: Readonly<Record<string, BackendFacts>> = {
	onnxruntime: { platform: "onnxruntime_onnx", modelFilename: "model.onnx" },
	fake: { platform: "fake", modelFilename: "model.json" },
};
const DEFAULT_BACKEND = "onnxruntime";

/** What can be known before the model is loaded: its file, load options and versions. Throws LOAD_FAILED. */
export function preflightConfig(message: ConfigMessage, name: string) {
	assertName(message, name);
	if (message.maxBatchSize < 0)
		throw new SaccadeError(
			"LOAD_FAILED",
			`max_batch_size of model '${name}' must not be negative, got ${message.maxBatchSize}`,
		);
	const backend = backendOf(message, name);
	const load = resolveLoadOptions(message);
	const saccade = parseSaccadeSettings(parametersOf(message));
	return {
		backend,
		modelFilename:
			message.defaultModelFilename || BACKENDS[backend]!.modelFilename,
		load,
		versionPolicy: resolveVersionPolicy(message),
		saccade,
		/** By its own words; completion may still add batching. */
		isBatched: message.schedulingChoice.case === "dynamicBatching",
		instanceGroups: message.instanceGroup.map(instanceGroupOf),
		/** What it says of runs side by side and of threads; 0: nothing. */
		layout: {
			laneCount: saccade.lanes || instanceCountOf(message),
			threadCount: load.intraOpThreadCount ?? 0,
		},
	};
}

function instanceGroupOf(group: ModelInstanceGroup): InstanceGroup {
	return {
		kind: INSTANCE_KIND[group.kind],
		gpus: group.gpus,
		count: Math.max(group.count, 1),
	};
}

/** KIND_MODEL leaves the device to the backend. */
const INSTANCE_KIND: Readonly<
	Record<ModelInstanceGroup_Kind, InstanceGroup["kind"]>
> = {
	[ModelInstanceGroup_Kind.AUTO]: "auto",
	[ModelInstanceGroup_Kind.MODEL]: "auto",
	[ModelInstanceGroup_Kind.CPU]: "cpu",
	[ModelInstanceGroup_Kind.GPU]: "gpu",
};

/** Instances of all groups; 0 where there are none. */
function instanceCountOf(message: ConfigMessage): number {
	return message.instanceGroup.reduce(
		(sum, group) => sum + Math.max(group.count, 1),
		0,
	);
}

/** Completes `given` with the signature and resolves it. Throws LOAD_FAILED with what contradicts what. */
export function resolveConfig(
	given: ConfigMessage,
	signature: Signature,
	options: ResolveOptions,
): ModelConfig {
	const preflight = preflightConfig(given, options.name);
	const message = clone(ModelConfigSchema, given);
	message.name = options.name;
	if (options.autoComplete) autoComplete(message, signature, options);
	fillDefaults(message, options, preflight.backend);
	const batched = message.maxBatchSize > 0;
	const inputs = message.input.map((input) =>
		resolveInput(input, signature.inputs, batched, options.name),
	);
	const outputs = message.output.map((output) =>
		resolveOutput(output, signature.outputs, batched, options.name),
	);
	const dynamicBatching = resolveDynamicBatching(message);
	const { shapeBuckets, padValues } = preflight.saccade;
	assertGenerative(preflight.saccade, { inputs, outputs });
	return Object.freeze({
		name: options.name,
		platform: message.platform,
		maxBatchSize: message.maxBatchSize,
		inputs,
		outputs,
		dynamicBatching,
		instanceCount: instanceCountOf(given),
		versionPolicy: preflight.versionPolicy,
		warmup: resolveWarmup(message),
		modelFilename: preflight.modelFilename,
		load: preflight.load,
		saccade: preflight.saccade,
		shapeBuckets: resolveShapeBuckets(shapeBuckets, padValues, {
			name: options.name,
			gathers: batched && dynamicBatching !== null,
			inputs,
			outputs,
			signature,
		}),
		message,
		ignoredFields: ignoredFields(given),
	});
}

/** What it calls tokens must be there. */
function assertGenerative(
	{ generative }: SaccadeSettings,
	{ inputs, outputs }: Pick<ModelConfig, "inputs" | "outputs">,
): void {
	if (generative === null) return;
	const { output, prompt } = generative;
	const missing = (key: string, name: string, known: readonly string[]) =>
		new SaccadeError(
			"LOAD_FAILED",
			`'saccade.${key}' names '${name}', which there is not; there are ${known.join(", ")}`,
		);
	const given = outputs.map(({ name }) => name);
	if (!given.includes(output)) throw missing("generative", output, given);
	const taken = inputs.map(({ name }) => name);
	if (prompt !== "" && !taken.includes(prompt))
		throw missing("generative.prompt", prompt, taken);
}

function parametersOf(message: ConfigMessage): Map<string, string> {
	return new Map(
		Object.entries(message.parameters).map(([key, value]) => [
			key,
			value.stringValue,
		]),
	);
}

function assertName(message: ConfigMessage, name: string): void {
	if (message.name !== "" && message.name !== name)
		throw new SaccadeError(
			"LOAD_FAILED",
			`the configuration names the model '${message.name}', its directory is '${name}': make them agree, or leave the name out`,
		);
}

/** By its name, by its platform, or the default. Throws LOAD_FAILED for what this server has not. */
function backendOf(message: ConfigMessage, name: string): string {
	const { platform, backend } = message;
	const byPlatform = Object.keys(BACKENDS).find(
		(known) => BACKENDS[known]?.platform === platform,
	);
	const chosen = backend || (platform === "" ? DEFAULT_BACKEND : byPlatform);
	const facts = BACKENDS[chosen ?? ""];
	if (chosen !== undefined && facts !== undefined)
		if (platform === "" || platform === facts.platform) return chosen;
	throw new SaccadeError(
		"LOAD_FAILED",
		`model '${name}' wants platform '${platform}' and backend '${backend}'; this server has ${Object.entries(
			BACKENDS,
		)
			.map(
				([known, facts]) =>
					`platform '${facts.platform}' of backend '${known}'`,
			)
			.join(", ")}`,
	);
}

// ── completion ───────────────────────────────────────────────────────────────────────────────────────────

function autoComplete(
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
function fillDefaults(
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

// ── resolution ───────────────────────────────────────────────────────────────────────────────────────────

function resolveInput(
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

function resolveOutput(
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

function resolveVersionPolicy(message: ConfigMessage): VersionPolicy {
	const choice = message.versionPolicy?.policyChoice;
	switch (choice?.case) {
		case "all":
			return { kind: "all" };
		case "specific":
			return { kind: "specific", versions: choice.value.versions.map(Number) };
		case "latest":
			return { kind: "latest", count: Math.max(choice.value.numVersions, 1) };
		case undefined:
			return { kind: "latest", count: 1 };
	}
}

/** The configuration of a model that has none. */
export function emptyConfig(): ConfigMessage {
	return create(ModelConfigSchema);
}
