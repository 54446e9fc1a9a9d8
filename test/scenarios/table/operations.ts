// Health, metadata, configuration, statistics, settings and shared memory: what is asked, what comes of it.
import type { Failure } from "../scenario.ts";
import type { OperationArgs, OperationName } from "../transports/operations.ts";

export interface OperationScenario {
	readonly name: string;
	readonly operation: OperationName;
	readonly args?: OperationArgs;
	/** Part of the answer; lists are complete. */
	readonly answers?: unknown;
	readonly fails?: Failure;
	/** Where gRPC answers what HTTP refuses. */
	readonly grpcAnswers?: unknown;
}

const DISABLED: Failure = {
	status: "unsupported",
	text: "Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable.",
};

const TRACE_DEFAULTS = {
	trace_level: ["OFF"],
	trace_rate: "1000",
	trace_count: "-1",
	log_frequency: "0",
	trace_file: "",
	trace_mode: "triton",
};

const LOG_DEFAULTS = {
	log_file: "",
	log_info: true,
	log_warning: true,
	log_error: true,
	log_verbose_level: 0,
	log_format: "default",
};

export const OPERATION_SCENARIOS: readonly OperationScenario[] = [
	{ name: "the server is live", operation: "live", answers: { live: true } },
	{
		name: "a model in service is ready",
		operation: "modelReady",
		args: { model: "simple" },
		answers: { ready: true },
	},
	{
		name: "a version in service is ready",
		operation: "modelReady",
		args: { model: "twice", version: "1" },
		answers: { ready: true },
	},
	{
		name: "a model that is not here is not ready",
		operation: "modelReady",
		args: { model: "nope" },
		fails: {
			status: "notFound",
			text: "Request for unknown model: 'nope' is not found",
		},
		grpcAnswers: { ready: false },
	},
	{
		name: "a version that is not here is not ready",
		operation: "modelReady",
		args: { model: "simple", version: "9" },
		fails: {
			status: "notFound",
			text: "Request for unknown model: 'simple' version 9 is not found",
		},
		grpcAnswers: { ready: false },
	},
	{
		name: "a model that failed to load is not ready",
		operation: "modelReady",
		args: { model: "not_a_model" },
		fails: {
			status: "unavailable",
			text: "Request for unknown model: 'not_a_model' version 1 is not at ready state",
		},
		grpcAnswers: { ready: false },
	},
	{
		name: "the server tells its name and, in Triton's order, its extensions",
		operation: "serverMetadata",
		answers: {
			name: "saccade",
			extensions: [
				"classification",
				"sequence",
				"model_repository",
				"model_repository(unload_dependents)",
				"schedule_policy",
				"model_configuration",
				"system_shared_memory",
				"cuda_shared_memory",
				"binary_tensor_data",
				"parameters",
				"statistics",
				"trace",
				"logging",
			],
		},
	},
	{
		name: "metadata has the batch dimension in front",
		operation: "modelMetadata",
		args: { model: "simple" },
		answers: {
			name: "simple",
			versions: ["1"],
			platform: "onnxruntime_onnx",
			inputs: [
				{ name: "INPUT0", datatype: "INT32", shape: [-1, 16] },
				{ name: "INPUT1", datatype: "INT32", shape: [-1, 16] },
			],
			outputs: [
				{ name: "OUTPUT0", datatype: "INT32", shape: [-1, 16] },
				{ name: "OUTPUT1", datatype: "INT32", shape: [-1, 16] },
			],
		},
	},
	{
		name: "metadata of a model without batching has the dims as they are",
		operation: "modelMetadata",
		args: { model: "no_batch" },
		answers: { inputs: [{ name: "input", datatype: "FP32", shape: [3, 4] }] },
	},
	{
		name: "metadata names every version in service",
		operation: "modelMetadata",
		args: { model: "twice" },
		answers: { versions: ["1", "3"] },
	},
	{
		name: "metadata of one version names that one",
		operation: "modelMetadata",
		args: { model: "twice", version: "1" },
		answers: { versions: ["1"] },
	},
	{
		name: "metadata of a model that is not here",
		operation: "modelMetadata",
		args: { model: "nope" },
		fails: {
			status: "notFound",
			text: "Request for unknown model: 'nope' is not found",
		},
	},
	{
		name: "configuration comes completed",
		operation: "modelConfig",
		args: { model: "add_sub" },
		answers: {
			name: "add_sub",
			platform: "onnxruntime_onnx",
			backend: "onnxruntime",
			max_batch_size: 4,
			input: [
				{ name: "INPUT0", data_type: "TYPE_INT32", dims: [16] },
				{ name: "INPUT1", data_type: "TYPE_INT32", dims: [16] },
			],
		},
	},
	{
		name: "configuration of a model that is not here",
		operation: "modelConfig",
		args: { model: "nope" },
		fails: {
			status: "notFound",
			text: "Request for unknown model: 'nope' is not found",
		},
	},
	{
		name: "statistics of a model that is not here",
		operation: "statistics",
		args: { model: "nope" },
		fails: {
			status: "invalid",
			text: "requested model 'nope' is not available",
		},
	},
	{
		name: "statistics of a version that is not here",
		operation: "statistics",
		args: { model: "simple", version: "9" },
		fails: {
			status: "invalid",
			text: "requested model version '9' is not available for model 'simple'",
		},
	},
	{
		name: "loading is refused where everything was loaded at start",
		operation: "load",
		args: { model: "simple" },
		fails: {
			status: "unavailable",
			text: "explicit model load / unload is not allowed if polling is enabled",
		},
	},
	{
		name: "unloading is refused where everything was loaded at start",
		operation: "unload",
		args: { model: "simple" },
		fails: {
			status: "unavailable",
			text: "explicit model load / unload is not allowed if polling is enabled",
		},
	},
	{ name: "trace settings", operation: "trace", answers: TRACE_DEFAULTS },
	{
		name: "trace settings change for one model and not for others",
		operation: "trace",
		args: {
			model: "simple",
			settings: { trace_rate: "7", trace_level: ["TIMESTAMPS"] },
		},
		answers: {
			...TRACE_DEFAULTS,
			trace_rate: "7",
			trace_level: ["TIMESTAMPS"],
		},
	},
	{
		name: "trace settings of the others",
		operation: "trace",
		answers: TRACE_DEFAULTS,
	},
	{
		name: "trace settings are reset by null",
		operation: "trace",
		args: {
			model: "simple",
			settings: { trace_rate: null, trace_level: null },
		},
		answers: TRACE_DEFAULTS,
	},
	{
		name: "the trace file stays where it is",
		operation: "trace",
		args: { settings: { trace_file: "/tmp/x" } },
		fails: {
			status: "unsupported",
			text: "trace file location can not be updated through network protocol",
		},
	},
	{
		name: "a trace setting that does not exist",
		operation: "trace",
		args: { settings: { trace_colour: "red" } },
		fails: { status: "invalid", text: "'trace_colour'" },
	},
	{
		name: "a trace level that does not exist",
		operation: "trace",
		args: { settings: { trace_level: ["LOUD"] } },
		fails: { status: "invalid", text: "'LOUD'" },
	},
	{
		name: "trace settings of a model that is not here",
		operation: "trace",
		args: { model: "nope" },
		fails: { status: "invalid", text: "Request for unknown model : nope" },
	},
	{ name: "log settings", operation: "logging", answers: LOG_DEFAULTS },
	{
		name: "log settings change and come back whole",
		operation: "logging",
		args: { settings: { log_verbose_level: 2, log_format: "ISO8601" } },
		answers: { ...LOG_DEFAULTS, log_verbose_level: 2, log_format: "ISO8601" },
	},
	{
		name: "log settings change back",
		operation: "logging",
		args: { settings: { log_verbose_level: 0, log_format: "default" } },
		answers: LOG_DEFAULTS,
	},
	{
		name: "the log file stays where it is",
		operation: "logging",
		args: { settings: { log_file: "/tmp/x" } },
		fails: {
			status: "unsupported",
			text: "log file location can not be updated through network protocol",
		},
	},
	{
		name: "a log setting that does not exist",
		operation: "logging",
		args: { settings: { log_colour: true } },
		fails: { status: "invalid", text: "'log_colour'" },
	},
	{
		name: "a log setting of the wrong type",
		operation: "logging",
		args: { settings: { log_info: "yes" } },
		fails: {
			status: "invalid",
			text: "log setting 'log_info' takes a boolean",
		},
	},
	{
		name: "a log format that does not exist",
		operation: "logging",
		args: { settings: { log_format: "purple" } },
		fails: { status: "invalid", text: "log setting 'log_format'" },
	},
	...(["system", "cuda"] as const).flatMap((kind): OperationScenario[] => [
		{
			name: `no ${kind} region is registered`,
			operation: `${kind}Status`,
			answers: [],
		},
		{
			name: `status of a ${kind} region that is not registered`,
			operation: `${kind}Status`,
			args: { region: "frames" },
			fails: {
				status: "notFound",
				text: "Unable to find shared memory region: 'frames'",
			},
		},
		{
			name: `no ${kind} region can be registered`,
			operation: `${kind}Register`,
			args: { region: "frames" },
			fails: DISABLED,
		},
		{
			name: `no ${kind} region can be unregistered`,
			operation: `${kind}Unregister`,
			args: { region: "frames" },
			fails: DISABLED,
		},
		{
			name: `not all ${kind} regions can be unregistered`,
			operation: `${kind}Unregister`,
			fails: DISABLED,
		},
	]),
];
