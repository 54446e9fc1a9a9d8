import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../common/clock.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import { resolveQos } from "../streams/qos.ts";
import { createCatalogue } from "./catalogue.ts";
import type { ModelRun, ModelRunner } from "./model-runner.ts";
import { createScalarPipeline } from "./scalar-pipeline.ts";
import { contextOf, frameOf } from "./testing/frames.ts";

const opening = { qos: resolveQos({}), sensors: [], transforms: [] };
const tensor = {
	name: "IN",
	dtype: "FP32",
	shape: [1],
	data: new Uint8Array(4),
} as const;

function runnerOf(runs: ModelRun[]): ModelRunner {
	return {
		run: async (run) => {
			runs.push(run);
			return [{ ...tensor, name: "OUT" }];
		},
		describe: () => ({ inputs: [], outputs: [] }),
		assertReady: (name) => {
			if (name === "absent") throw new SaccadeError("NOT_FOUND", "no such");
		},
	};
}

test("a frame's tensors run through the model with the frame's own deadline", async () => {
	const runs: ModelRun[] = [];
	const catalogue = createCatalogue([], runnerOf(runs));
	const processor = catalogue.find("model:net/3").open(opening, systemClock);
	let nowUs = 100;
	const context = contextOf({ nowUs: () => nowUs++ });
	const result = await processor.process(
		frameOf({
			payload: { kind: "tensors", tensors: [tensor] },
			deadlineUs: 5000,
		}),
		context,
	);
	assert.equal(runs[0]?.modelName, "net");
	assert.equal(runs[0]?.modelVersion, "3");
	assert.equal(runs[0]?.deadlineUs, 5000);
	assert.equal(runs[0]?.signal, context.signal);
	assert.deepEqual(
		result.outputs.map(({ name }) => name),
		["OUT"],
	);
	assert.deepEqual(result.stages, [
		{ name: "model", beginUs: 100, endUs: 101 },
	]);
});

test("a frame without tensors is refused", async () => {
	const processor = createCatalogue([], runnerOf([]))
		.find("model:net")
		.open(opening, systemClock);
	await assert.rejects(async () => processor.process(frameOf(), contextOf()), {
		code: "INVALID_ARGUMENT",
		message: /takes tensors, the frame carries a plain value/,
	});
});

test("a stream is refused when its model is not there", () => {
	const catalogue = createCatalogue([], runnerOf([]));
	assert.throws(
		() => catalogue.find("model:absent").open(opening, systemClock),
		{
			code: "NOT_FOUND",
		},
	);
});

test("an unknown pipeline is refused with the names of those that are there", () => {
	const catalogue = createCatalogue([createScalarPipeline()], runnerOf([]));
	assert.equal(catalogue.find("scalar").name, "scalar");
	assert.throws(() => catalogue.find("lidar"), {
		code: "NOT_FOUND",
		message: /'lidar'; there are scalar and model:<name>/,
	});
});
