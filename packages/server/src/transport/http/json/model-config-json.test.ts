import assert from "node:assert/strict";
import { test } from "node:test";
import { fromJson } from "@bufbuild/protobuf";
import { ModelConfigSchema } from "@saccade/protocol/gen/inference/model_config_pb.js";
import { configJson } from "./model-config-json.ts";

test("64-bit integers are numbers wherever they stand, and text that looks like one stays text", () => {
	const config = fromJson(ModelConfigSchema, {
		name: "m",
		input: [{ name: "x", dims: ["-1", "3"], reshape: { shape: ["12"] } }],
		version_policy: { specific: { versions: ["1", "4"] } },
		dynamic_batching: {
			max_queue_delay_microseconds: "100",
			priority_queue_policy: {
				"2": { default_timeout_microseconds: "7", timeout_action: "DELAY" },
			},
		},
		optimization: { gather_kernel_buffer_threshold: "5" },
		parameters: { dims: { string_value: "12" } },
		metric_tags: { shape: "12" },
	});
	const json = configJson(config) as Record<string, never>;
	assert.partialDeepStrictEqual(json, {
		input: [{ dims: [-1, 3], reshape: { shape: [12] } }],
		version_policy: { specific: { versions: [1, 4] } },
		dynamic_batching: {
			max_queue_delay_microseconds: 100,
			priority_queue_policy: {
				"2": { default_timeout_microseconds: 7, timeout_action: "DELAY" },
			},
		},
		optimization: { gather_kernel_buffer_threshold: 5 },
		parameters: { dims: { string_value: "12" } },
		metric_tags: { shape: "12" },
	});
});

test("scalars that were never set are printed", () => {
	const json = configJson(fromJson(ModelConfigSchema, { name: "m" }));
	assert.partialDeepStrictEqual(json, {
		platform: "",
		max_batch_size: 0,
		input: [],
		default_model_filename: "",
	});
});
