import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ModelConfig as ConfigMessage } from "@saccade/protocol/gen/inference/model_config_pb.js";
import type { TensorSpec } from "../tensor/tensor.ts";
import type { Signature } from "./complete-config.ts";
import { parseConfigText } from "./config-text.ts";
import { loadOnGpu } from "./load-options.ts";
import type { ModelConfig } from "./model-config.ts";
import { resolveConfig } from "./resolve-config.ts";

const BATCHED: Signature = {
	inputs: [fp32("x", [-1, 4])],
	outputs: [fp32("y", [-1, 3])],
};
const FIXED: Signature = {
	inputs: [fp32("x", [1, 4])],
	outputs: [fp32("y", [1, 3])],
};

function fp32(name: string, shape: readonly number[]): TensorSpec {
	return { name, dtype: "FP32", shape };
}

function resolve(
	text: string,
	signature = BATCHED,
	autoComplete = true,
): ModelConfig {
	return resolveConfig(parseConfigText(text, "config").message, signature, {
		name: "m",
		defaultMaxBatchSize: 4,
		autoComplete,
		defaultInstanceCount: 1,
	});
}

function messageOf(config: ModelConfig): ConfigMessage {
	return config.message as ConfigMessage;
}

function fails(text: string, message: RegExp, signature = BATCHED): void {
	assert.throws(() => resolve(text, signature), {
		code: "LOAD_FAILED",
		message,
	});
}

describe("completion from the model's signature", () => {
	test("fills batch size, tensors in the model's order and the batcher", () => {
		const config = resolve("");
		assert.equal(config.maxBatchSize, 4);
		assert.deepEqual(config.inputs, [
			{ name: "x", dtype: "FP32", dims: [4], reshape: null, optional: false },
		]);
		assert.deepEqual(config.outputs[0]?.dims, [3]);
		assert.deepEqual(config.dynamicBatching?.preferredBatchSizes, [4]);
	});

	test("prints what Triton prints for what was not said", () => {
		const message = messageOf(resolve(""));
		assert.equal(message.name, "m");
		assert.equal(message.platform, "onnxruntime_onnx");
		assert.equal(message.backend, "onnxruntime");
		assert.equal(message.defaultModelFilename, "model.onnx");
		assert.equal(message.versionPolicy?.policyChoice.case, "latest");
		assert.equal(message.instanceGroup.length, 1);
		assert.equal(message.instanceGroup[0]?.count, 1);
	});

	test("names and counts instance groups that do not say it themselves", () => {
		const [group] = messageOf(resolve("instance_group { }")).instanceGroup;
		assert.equal(group?.name, "m_0");
		assert.equal(group?.count, 1);
	});

	test("leaves a model without a dynamic first dimension unbatched", () => {
		const config = resolve("", FIXED);
		assert.equal(config.maxBatchSize, 0);
		assert.equal(config.dynamicBatching, null);
		assert.deepEqual(config.inputs[0]?.dims, [1, 4]);
	});

	test("respects max_batch_size 0 where anything else is configured", () => {
		const config = resolve(
			'input { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] }',
		);
		assert.equal(config.maxBatchSize, 0);
		assert.deepEqual(config.outputs[0]?.dims, [-1, 3]);
	});

	test("shows a scalar as [1] with a reshape to []", () => {
		const scalar = { inputs: [fp32("x", [])], outputs: [fp32("y", [])] };
		const [input] = resolve("", scalar).inputs;
		assert.deepEqual(input?.dims, [1]);
		assert.deepEqual(input?.reshape, []);
	});

	test("refuses batching of a model that cannot, in Triton's words", () => {
		fails(
			"max_batch_size: 2",
			/^autofill failed for model 'm': model does not support batching while non-zero max_batch_size is specified$/,
			FIXED,
		);
	});

	test("does nothing when it is switched off", () => {
		assert.deepEqual(resolve("", BATCHED, false).inputs, []);
	});

	test("does not change the message that it was given", () => {
		const given = parseConfigText("", "config").message;
		resolveConfig(given, BATCHED, {
			name: "m",
			defaultMaxBatchSize: 4,
			autoComplete: true,
			defaultInstanceCount: 1,
		});
		assert.equal(given.input.length, 0);
		assert.equal(given.maxBatchSize, 0);
	});
});

describe("contradictions name both sides", () => {
	test("a name that is not the directory's", () => {
		fails('name: "other"', /'other'.*'m'/);
	});

	test("another platform or backend", () => {
		fails('platform: "tensorrt_plan"', /'tensorrt_plan'.*'onnxruntime_onnx'/);
		fails('backend: "python"', /'python'.*'onnxruntime'/);
	});

	test("a tensor that the file lacks", () => {
		fails(
			'max_batch_size: 2 input { name: "z" data_type: TYPE_FP32 dims: 4 }',
			/unexpected inference input 'z'.*'x'/,
		);
	});

	test("another element type", () => {
		fails(
			'max_batch_size: 2 input { name: "x" data_type: TYPE_INT32 dims: 4 }',
			/TYPE_INT32.*TYPE_FP32/,
		);
	});

	test("other dimensions, with the batch dimension explained", () => {
		fails(
			'max_batch_size: 2 input { name: "x" data_type: TYPE_FP32 dims: [ 1, 4 ] }',
			/\[-1,1,4\].*\[-1,4\].*batch dimension/,
		);
	});

	test("a reshape stands for what the model itself takes", () => {
		const config = resolve(
			'max_batch_size: 2 input { name: "x" data_type: TYPE_FP32 dims: [ 2, 2 ] reshape { shape: [ 4 ] } }',
		);
		assert.deepEqual(config.inputs[0]?.reshape, [4]);
	});
});

describe("dynamic batching", () => {
	const base = "max_batch_size: 8 dynamic_batching";

	test("sorts preferred sizes and drops repeats", () => {
		const config = resolve(`${base} { preferred_batch_size: [ 8, 2, 8 ] }`);
		assert.deepEqual(config.dynamicBatching?.preferredBatchSizes, [2, 8]);
	});

	test("gives every priority level its policy or the default one", () => {
		const { dynamicBatching } = resolve(`${base} {
			priority_levels: 2 default_priority_level: 2
			default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 7 allow_timeout_override: true }
			priority_queue_policy { key: 1 value { max_queue_size: 3 } }
		}`);
		assert.equal(dynamicBatching?.defaultLevel, 2);
		assert.deepEqual(dynamicBatching?.levels, [
			{
				timeoutAction: "reject",
				defaultTimeoutUs: 0,
				allowTimeoutOverride: false,
				maxQueueCount: 3,
			},
			{
				timeoutAction: "delay",
				defaultTimeoutUs: 7,
				allowTimeoutOverride: true,
				maxQueueCount: 0,
			},
		]);
	});

	test("refuses sizes and levels that contradict each other", () => {
		fails(`${base} { preferred_batch_size: 9 }`, /\(8\), got 9/);
		fails(`${base} { preferred_batch_size: 0 }`, /got 0/);
		fails(`${base} { priority_levels: 2 }`, /1 … 2, got 0/);
		fails(`${base} { priority_levels: 4000000000 }`, /at most 1000/);
		fails(
			`${base} { priority_levels: 2 default_priority_level: 1 priority_queue_policy { key: 3 value { } } }`,
			/level 3; priority_levels allows 1 … 2/,
		);
		fails("max_batch_size: -1", /not be negative, got -1/);
	});

	test("refuses to preserve an order that levels or delays break", () => {
		const ordered = `${base} { preserve_ordering: true`;
		fails(
			`${ordered} priority_levels: 2 default_priority_level: 1 }`,
			/one priority level, got 2/,
		);
		fails(
			`${ordered} default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 1 } }`,
			/DELAY/,
		);
		const rejects = `${ordered} default_queue_policy { default_timeout_microseconds: 1 } }`;
		assert.equal(resolve(rejects).dynamicBatching?.preserveOrdering, true);
	});

	test("schedulers that this server lacks are refused by name", () => {
		fails("sequence_batching { }", /sequence_batching/);
		fails("ensemble_scheduling { }", /ensemble_scheduling/);
	});
});

describe("loading", () => {
	const parameter = (key: string, value: string) =>
		`parameters { key: "${key}" value { string_value: "${value}" } }`;

	test("takes threads, mode, session keys and providers from the configuration", () => {
		const { load } = resolve(`
			${parameter("intra_op_thread_count", "2")}
			${parameter("inter_op_thread_count", "3")}
			${parameter("execution_mode", "1")}
			${parameter("enable_mem_arena", "0")}
			${parameter("enable_mem_pattern", "0")}
			${parameter("session.disable_prepacking", "1")}
			optimization {
				graph { level: 2 }
				execution_accelerators {
					gpu_execution_accelerator { name: "tensorrt" parameters { key: "precision_mode" value: "FP16" } }
					cpu_execution_accelerator { name: "openvino" }
				}
			}`);
		assert.deepEqual(load, {
			intraOpThreadCount: 2,
			interOpThreadCount: 3,
			graphOptimization: "disabled",
			executionMode: "parallel",
			memoryArena: false,
			memoryPattern: false,
			providers: [
				{ name: "tensorrt", options: { precision_mode: "FP16" } },
				{ name: "openvino", options: {} },
			],
			sessionConfig: { "session.disable_prepacking": "1" },
		});
	});

	test("maps graph levels as Triton's source does, not as its comment says", () => {
		for (const [level, meaning] of [
			[-1, "basic"],
			[0, "all"],
			[1, "extended"],
			[2, "disabled"],
		] as const) {
			const { load } = resolve(`optimization { graph { level: ${level} } }`);
			assert.equal(load.graphOptimization, meaning);
		}
		fails("optimization { graph { level: 3 } }", /got 3/);
	});

	test("on a GPU, CUDA is behind the accelerators that are listed, each on that device", () => {
		const onGpu = (text: string) => loadOnGpu(resolve(text).load, 3).providers;
		const listed = (name: string) =>
			`optimization { execution_accelerators { gpu_execution_accelerator { name: "${name}" } } }`;
		const options = { device_id: "3" };
		const cuda = { name: "cuda", options };
		assert.deepEqual(onGpu(""), [cuda]);
		assert.deepEqual(onGpu(listed("tensorrt")), [
			{ name: "tensorrt", options },
			cuda,
		]);
		assert.deepEqual(onGpu(listed("cuda")), [cuda]);
		assert.deepEqual(onGpu(listed("openvino")), [
			{ name: "openvino", options: {} },
			cuda,
		]);
		assert.deepEqual(resolve("").load.providers, []);
	});

	test("refuses switches that are neither 0 nor 1", () => {
		for (const key of ["execution_mode", "enable_mem_arena"])
			fails(parameter(key, "true"), new RegExp(`'${key}' is 0 or 1`));
	});

	test("refuses a thread count that is none", () => {
		for (const value of ["-1", "two", "1.5"])
			fails(parameter("intra_op_thread_count", value), /intra_op_thread_count/);
	});
});

test("version policies come out plain", () => {
	const policy = (text: string) =>
		resolve(`version_policy { ${text} }`).versionPolicy;
	assert.deepEqual(policy("all { }"), { kind: "all" });
	assert.deepEqual(policy("latest { num_versions: 3 }"), {
		kind: "latest",
		count: 3,
	});
	assert.deepEqual(policy("specific { versions: [ 2, 5 ] }"), {
		kind: "specific",
		versions: [2, 5],
	});
});

test("instances of all groups are added up", () => {
	const text = "instance_group [ { count: 2 }, { count: 3 } ]";
	assert.equal(resolve(text).instanceCount, 5);
	assert.equal(resolve("").instanceCount, 0);
});

describe("fields without an effect", () => {
	test("are named by path, each once, wherever they are", () => {
		const config = resolve(`
			max_batch_size: 2
			response_cache { enable: true }
			model_transaction_policy { decoupled: true }
			instance_group [ { passive: true host_policy: "a" }, { host_policy: "b" } ]
			input { name: "x" data_type: TYPE_FP32 dims: 4 is_shape_tensor: true is_non_linear_format_io: true }
			optimization { priority: PRIORITY_MAX cuda { graphs: true } gather_kernel_buffer_threshold: 1 }
			metric_tags { key: "a" value: "b" }
			cc_model_filenames { key: "8.0" value: "f" }
			model_operations { op_library_filename: "a.so" }
			batch_input { kind: BATCH_ELEMENT_COUNT }
			parameters { key: "gpu_mem_limit" value { string_value: "1" } }
			runtime: "other.so"`);
		assert.deepEqual(config.ignoredFields.toSorted(), [
			"batch_input",
			"cc_model_filenames",
			"input.is_non_linear_format_io",
			"input.is_shape_tensor",
			"instance_group.host_policy",
			"instance_group.passive",
			"metric_tags",
			"model_operations",
			"model_transaction_policy",
			"optimization.cuda",
			"optimization.gather_kernel_buffer_threshold",
			"optimization.priority",
			"parameters.gpu_mem_limit",
			"response_cache",
			"runtime",
		]);
	});

	test("are not those that have one, nor those that ask for nothing", () => {
		for (const text of [
			"",
			"response_cache { enable: false } model_metrics { }",
			`max_batch_size: 2
			version_policy { all { } }
			dynamic_batching { preferred_batch_size: 2 max_queue_delay_microseconds: 1 default_queue_policy { max_queue_size: 1 } }
			instance_group { name: "a" kind: KIND_CPU count: 2 }
			optimization { graph { level: 1 } execution_accelerators { cpu_execution_accelerator { name: "openvino" parameters { key: "a" value: "b" } } } }
			parameters { key: "session.x" value { string_value: "1" } }
			parameters { key: "saccade.lanes" value { string_value: "1" } }
			model_warmup { name: "w" batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: 4 zero_data: true } } }`,
		])
			assert.deepEqual(resolve(text).ignoredFields, []);
	});
});

describe("warm-up", () => {
	test("keeps what fills each input", () => {
		const [sample] = resolve(`model_warmup {
			name: "w" batch_size: 2
			inputs { key: "x" value { data_type: TYPE_FP32 dims: 4 random_data: true } }
			inputs { key: "f" value { data_type: TYPE_STRING dims: 1 input_data_file: "raw" } }
		}`).warmup;
		assert.equal(sample?.batchSize, 2);
		assert.equal(sample?.count, 1);
		assert.deepEqual(
			[...(sample?.inputs ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)),
			[
				["f", { dtype: "BYTES", dims: [1], fill: { file: "raw" } }],
				["x", { dtype: "FP32", dims: [4], fill: "random" }],
			],
		);
	});

	test("without a type or data is refused, naming the input", () => {
		fails('model_warmup { inputs { key: "x" value { dims: 4 } } }', /'x'/);
	});
});
