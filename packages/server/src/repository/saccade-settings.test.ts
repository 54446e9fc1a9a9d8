import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSaccadeSettings } from "./saccade-settings.ts";

function parse(parameters: Readonly<Record<string, string>>) {
	return parseSaccadeSettings(new Map(Object.entries(parameters)));
}

test("without parameters the defaults hold", () => {
	assert.deepEqual(parse({}), {
		objectiveUs: 0,
		runMode: "auto",
		generative: null,
		lanes: 0,
		weight: 1,
		weights: "auto",
		shapeBuckets: null,
		padValues: new Map(),
		picture: {
			channels: "rgb",
			scale: 1 / 255,
			mean: [0, 0, 0],
			std: [1, 1, 1],
		},
		swap: {
			contract: "compatible",
			maxSlowdown: 5,
			sequenceIdleUs: 10_000_000,
			shadow: { sampleCount: 0, maxBytes: 16 << 20, tolerances: new Map() },
			canary: {
				weight: 0,
				leastUs: 60_000_000,
				mostUs: 600_000_000,
				leastRequests: 100,
				maxErrorRate: 0.01,
				maxSlowdown: 1.5,
			},
		},
	});
});

test("what a new version has to show is read, and everything that is wrong with it is told at once", () => {
	const { swap } = parse({
		"saccade.swap.contract": "any",
		"saccade.swap.max_slowdown": "0",
		"saccade.shadow.samples": "16",
		"saccade.shadow.tolerance": "scores = 0.01; boxes = 2",
		"saccade.canary.weight": "0.05",
		"saccade.canary.seconds": "2.5",
	});
	assert.equal(swap.contract, "any");
	assert.equal(swap.maxSlowdown, 0);
	assert.equal(swap.shadow.sampleCount, 16);
	assert.deepEqual(
		[...swap.shadow.tolerances],
		[
			["scores", 0.01],
			["boxes", 2],
		],
	);
	assert.equal(swap.canary.weight, 0.05);
	assert.equal(swap.canary.leastUs, 2_500_000);
	assert.throws(
		() =>
			parse({
				"saccade.shadow.samples": "-1",
				"saccade.shadow.tolerance": "scores 0.01",
				"saccade.canary.weight": "5",
				"saccade.canary.wait": "1",
			}),
		(error: Error) =>
			[
				/'saccade\.shadow\.samples': /,
				/'saccade\.shadow\.tolerance': 'scores 0\.01' is no/,
				/'saccade\.canary\.weight': a number from 0 to 1 is needed, got '5'/,
				/unknown parameter 'saccade\.canary\.wait'/,
			].every((text) => text.test(error.message)),
	);
});

test("values are read from text", () => {
	const settings = parse({
		"saccade.run_mode": "inline",
		"saccade.lanes": "3",
		"saccade.input.channels": "bgr",
		"saccade.input.scale": "1",
		"saccade.input.mean": "0.485, 0.456,0.406",
		"saccade.input.std": "0.229,0.224,0.225",
	});
	assert.equal(settings.runMode, "inline");
	assert.equal(settings.lanes, 3);
	assert.deepEqual(settings.picture, {
		channels: "bgr",
		scale: 1,
		mean: [0.485, 0.456, 0.406],
		std: [0.229, 0.224, 0.225],
	});
});

test("parameters of others are left alone", () => {
	assert.equal(parse({ intra_op_thread_count: "x" }).lanes, 0);
});

test("a misspelt key is an error that names the known ones", () => {
	assert.throws(() => parse({ "saccade.lane": "1" }), {
		code: "LOAD_FAILED",
		message: /'saccade\.lane'.*saccade\.lanes/,
	});
});

for (const [key, value] of [
	["saccade.run_mode", "fast"],
	["saccade.lanes", "-1"],
	["saccade.lanes", ""],
	["saccade.input.scale", "0"],
	["saccade.input.mean", "1,2"],
	["saccade.input.std", "1,0,1"],
	["saccade.input.mean", "1,,2"],
] as const)
	test(`${key} = '${value}' is refused by name`, () => {
		assert.throws(() => parse({ [key]: value }), {
			code: "LOAD_FAILED",
			message: new RegExp(key.replaceAll(".", "\\.")),
		});
	});
