import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, policiesOf, serverArguments } from "./policies.ts";
import { GOODPUT_WORKLOADS } from "./workloads.ts";

const CONFIG = 'name: "m"\nmax_batch_size: 8\ndynamic_batching { }\n';
const of = (policy: Parameters<typeof configOf>[0], config = CONFIG) =>
	configOf(policy, config, { deadlineMs: 200 }, 1000);

test("the deadline policy and Triton's get the model's own configuration", () => {
	assert.equal(of("deadline"), CONFIG);
	assert.equal(of("triton"), CONFIG);
	assert.deepEqual(serverArguments("deadline"), []);
	assert.deepEqual(serverArguments("triton"), ["--scheduling-policy=triton"]);
});

test("Triton's is tuned to half the deadline, and to what the capacity serves in it", () => {
	const config = of("triton-tuned");
	assert.match(config, /default_timeout_microseconds: 100000\n/);
	assert.match(config, /max_queue_size: 100\n/);
	assert.match(config, /timeout_action: REJECT/);
});

test("without batching nothing else changes, and what is not batched cannot be", () => {
	assert.equal(of("none"), 'name: "m"\nmax_batch_size: 8\n');
	assert.throws(() => of("none", 'name: "m"\n'), /no dynamic_batching/);
});

test("a model that is not batched has neither a tuned queue nor a policy without batches", () => {
	const resnet = GOODPUT_WORKLOADS.find(({ id }) => id === "resnet50");
	assert.ok(resnet);
	assert.deepEqual(policiesOf(resnet), ["deadline", "triton"]);
});
