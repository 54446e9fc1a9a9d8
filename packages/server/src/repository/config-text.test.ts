import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
	DataType,
	ModelInstanceGroup_Kind,
} from "@saccade/protocol/gen/inference/model_config_pb.js";
import { isSaccadeError } from "../errors/saccade-error.ts";
import {
	MAX_CONFIG_BYTES,
	parseConfigJson,
	parseConfigText,
} from "./config-text.ts";

const ORIGIN = "the configuration of model 'm'";

function loadFailure(pattern: RegExp) {
	return (error: unknown) =>
		isSaccadeError(error) &&
		error.code === "LOAD_FAILED" &&
		error.message.includes(ORIGIN) &&
		pattern.test(error.message);
}

describe("config.pbtxt", () => {
	test("is read in every form that Triton's examples use", () => {
		const { message: config } = parseConfigText(
			`
			# a comment
			name: "m"
			platform: 'onnxruntime_onnx'
			max_batch_size: 8
			input [
				{ name: "a" data_type: TYPE_FP32 dims: [ -1, 4 ] },
				{ name: "b", data_type: TYPE_STRING; dims: 1 reshape { shape: [ ] } }
			]
			output { name: "c" data_type: TYPE_INT64 dims: 3 dims: 2 label_filename: "l.txt" }
			instance_group [ { count: 2 kind: KIND_CPU } ]
			dynamic_batching {
				preferred_batch_size: [ 4, 8 ]
				max_queue_delay_microseconds: 100
				priority_levels: 2
				default_priority_level: 2
				priority_queue_policy { key: 1 value: { max_queue_size: 5 } }
			}
			version_policy: { specific { versions: [ 1, 3 ] } }
			parameters { key: "intra_op_thread_count" value { string_value: "1" } }
			parameters: { key: "quoted" value: { string_value: "a\\"b\\n" "c" } }
			`,
			ORIGIN,
		);
		assert.equal(config.maxBatchSize, 8);
		assert.deepEqual(config.input[0]?.dims, [-1n, 4n]);
		assert.equal(config.input[1]?.dataType, DataType.TYPE_STRING);
		assert.deepEqual(config.input[1]?.reshape?.shape, []);
		assert.deepEqual(config.output[0]?.dims, [3n, 2n]);
		assert.equal(config.output[0]?.labelFilename, "l.txt");
		assert.equal(config.instanceGroup[0]?.kind, ModelInstanceGroup_Kind.CPU);
		assert.equal(config.parameters["quoted"]?.stringValue, 'a"b\nc');
		assert.equal(config.versionPolicy?.policyChoice.case, "specific");
		const scheduling = config.schedulingChoice;
		assert.ok(scheduling.case === "dynamicBatching");
		assert.deepEqual(scheduling.value.preferredBatchSize, [4, 8]);
		assert.equal(scheduling.value.maxQueueDelayMicroseconds, 100n);
		assert.equal(scheduling.value.priorityQueuePolicy["1"]?.maxQueueSize, 5);
	});

	test("may be empty", () => {
		assert.equal(parseConfigText("", ORIGIN).message.name, "");
	});

	for (const [what, text, named] of [
		["an unknown enum value", "input { data_type: TYPE_FP31 }", /data_type/],
		["an open brace", "input {", /./],
		["text for a number", 'max_batch_size: "four"', /./],
	] as const)
		test(`with ${what} is refused, naming it`, () => {
			assert.throws(() => parseConfigText(text, ORIGIN), loadFailure(named));
		});

	test("with unknown fields is read without them, and they are told with their lines", () => {
		const { message, unknownFields } = parseConfigText(
			`max_batchsize: 4
			max_batch_size: 2
			input [ { nam: "x" name: "y" }, { nam: "z" } ]
			from_the_future < a: [ 1, 2 ] b { c: "}" } >
			next_year: -1.5`,
			ORIGIN,
		);
		assert.deepEqual(unknownFields, [
			"max_batchsize (line 1)",
			"nam (line 3)",
			"from_the_future (line 4)",
			"next_year (line 5)",
		]);
		assert.equal(message.maxBatchSize, 2);
		assert.equal(message.input[0]?.name, "y");
		// What one configuration lacks is no less unknown in the next.
		const again = parseConfigText("max_batchsize: 4", ORIGIN);
		assert.deepEqual(again.unknownFields, ["max_batchsize (line 1)"]);
	});

	test("with nothing but unknown fields is refused", () => {
		const text = Array.from({ length: 40 }, (_, i) => `f${i}: 1`).join("\n");
		assert.throws(() => parseConfigText(text, ORIGIN), loadFailure(/'f16'/));
	});

	test("beyond the size limit is refused before it is parsed", () => {
		const text = "#".repeat(MAX_CONFIG_BYTES + 1);
		assert.throws(() => parseConfigText(text, ORIGIN), loadFailure(/1048577/));
	});

	test("nested without end is refused and does not end the process", () => {
		const text = "input { reshape { ".repeat(50_000);
		assert.throws(() => parseConfigText(text, ORIGIN), loadFailure(/./));
	});
});

describe("a configuration in JSON", () => {
	test("takes numbers as text, and both spellings of a field", () => {
		for (const text of [
			'{"max_batch_size":"4","input":[{"name":"a","data_type":"TYPE_FP32","dims":["2",3]}]}',
			'{"maxBatchSize":4,"input":[{"name":"a","dataType":11,"dims":[2,"3"]}]}',
		]) {
			const config = parseConfigJson(text, ORIGIN);
			assert.equal(config.maxBatchSize, 4);
			assert.deepEqual(config.input[0]?.dims, [2n, 3n]);
			assert.equal(config.input[0]?.dataType, DataType.TYPE_FP32);
		}
	});

	for (const [what, text] of [
		["an unknown field", '{"max_batchsize":4}'],
		["broken syntax", '{"name":'],
		["a list at the top", "[]"],
		["a fraction for a count", '{"maxBatchSize":1.5}'],
	] as const)
		test(`with ${what} is refused`, () => {
			assert.throws(() => parseConfigJson(text, ORIGIN), loadFailure(/./));
		});
});
