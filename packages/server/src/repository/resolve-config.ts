// `inference.ModelConfig` + the model's own signature → ModelConfig: completed, held against the file, and typed.
import { clone, create } from "@bufbuild/protobuf";
import {
	type ModelConfig as ConfigMessage,
	ModelConfigSchema,
	type ModelInstanceGroup,
	ModelInstanceGroup_Kind,
} from "@saccade/protocol/gen/inference/model_config_pb.js";
import { SaccadeError } from "../errors/saccade-error.ts";
import { BACKENDS, backendOf } from "./backends.ts";
import {
	autoComplete,
	fillDefaults,
	type ResolveOptions,
	type Signature,
} from "./complete-config.ts";
import { resolveDynamicBatching } from "./dynamic-batching.ts";
import { ignoredFields } from "./ignored-fields.ts";
import { resolveLoadOptions } from "./load-options.ts";
import type {
	InstanceGroup,
	ModelConfig,
	SaccadeSettings,
	VersionPolicy,
} from "./model-config.ts";
import { resolveInput, resolveOutput } from "./resolve-tensors.ts";
import { parseSaccadeSettings } from "./saccade-settings.ts";
import { resolveShapeBuckets } from "./shape-buckets.ts";
import { resolveWarmup } from "./warmup.ts";

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
