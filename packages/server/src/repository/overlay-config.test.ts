import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigText } from "./config-text.ts";
import { overlayConfig } from "./overlay-config.ts";

const parse = (text: string) => parseConfigText(text, "it").message;
const MODEL = parse(`
	backend: "onnxruntime"
	max_batch_size: 8
	input [ { name: "a" data_type: TYPE_FP32 dims: [ 4 ] } ]
	instance_group [ { count: 2 } ]
	dynamic_batching { max_queue_delay_microseconds: 100 }
	parameters { key: "x" value { string_value: "model" } }
	parameters { key: "y" value { string_value: "model" } }
`);
const overlay = (text: string) =>
	overlayConfig(MODEL, parse(text), "version 2");

test("what a version names stands in place of the model's, and the rest is as it was", () => {
	const { maxBatchSize, input, instanceGroup, backend } = overlay(
		'max_batch_size: 4 input [ { name: "b" data_type: TYPE_FP32 dims: [ 5 ] } ]',
	);
	assert.equal(maxBatchSize, 4);
	assert.deepEqual(
		input.map(({ name }) => name),
		["b"],
		"not added to",
	);
	assert.equal(instanceGroup[0]?.count, 2);
	assert.equal(backend, "onnxruntime");
	assert.equal(MODEL.maxBatchSize, 8, "the model's own is untouched");
});

test("parameters are named one by one", () => {
	const { parameters } = overlay(
		'parameters { key: "y" value { string_value: "version" } }',
	);
	assert.deepEqual(
		Object.entries(parameters).map(([key, value]) => [key, value.stringValue]),
		[
			["x", "model"],
			["y", "version"],
		],
	);
	assert.equal(MODEL.parameters["y"]?.stringValue, "model");
});

test("one way of batching takes the place of another", () => {
	const { schedulingChoice } = overlay("sequence_batching { }");
	assert.equal(schedulingChoice.case, "sequenceBatching");
});

test("which versions serve is no affair of one of them", () => {
	assert.throws(() => overlay("version_policy { all { } }"), {
		code: "LOAD_FAILED",
		message: /version 2 has version_policy, which is the model's/,
	});
});
