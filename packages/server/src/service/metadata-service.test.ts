import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { ModelRegistry } from "../models/model-registry.ts";
import {
	type FakeModelOptions,
	makeReadyModel,
} from "../models/testing/fake-model.ts";
import { RegistryMetadataService } from "./metadata-service.ts";

async function setUp(t: TestContext, ...made: FakeModelOptions[]) {
	const registry = new ModelRegistry({
		versionReady: () => {},
		versionGone: () => {},
		loadFailed: () => {},
	});
	t.after(() => registry.close());
	const versions = await Promise.all(made.map(makeReadyModel));
	await registry.load("fake", async () =>
		versions.map(({ model }) => ({
			ok: true,
			version: model.version,
			model,
		})),
	);
	const metadata = new RegistryMetadataService(registry, "triton", "1.2.3");
	return { metadata, versions };
}

const PLAIN = 'backend: "fake" max_batch_size: 2';

describe("metadata", () => {
	test("of the server lists the extensions in Triton's order", async (t) => {
		const { metadata } = await setUp(t, {});
		const { name, version, extensions } = metadata.server();
		assert.deepEqual([name, version], ["triton", "1.2.3"]);
		assert.equal(extensions[0], "classification");
		assert.equal(extensions.length, 13);
	});

	test("of a model has every ready version, or the one asked for, and the batch dimension", async (t) => {
		const { metadata } = await setUp(
			t,
			{ config: PLAIN },
			{ config: PLAIN, version: 2 },
		);
		const model = metadata.model("fake", "");
		assert.deepEqual(model.versions, ["1", "2"]);
		assert.deepEqual(model.inputs, [
			{ name: "input", dtype: "FP32", shape: [-1, 1] },
		]);
		assert.equal(model.platform, "fake");
		assert.deepEqual(metadata.model("fake", "1").versions, ["1"]);
		assert.throws(() => metadata.model("gone", ""), { code: "NOT_FOUND" });
	});

	test("of an unbatched model has no batch dimension that the configuration does not name", async (t) => {
		const config = `backend: "fake" input { name: "input" data_type: TYPE_FP32 dims: [ 7, 1 ] }`;
		const { metadata } = await setUp(t, { config });
		assert.deepEqual(metadata.model("fake", "").inputs[0]?.shape, [7, 1]);
	});
});

describe("a raw request", () => {
	test("is one row of the model's only input", async (t) => {
		const { metadata } = await setUp(t, { config: PLAIN });
		assert.deepEqual(metadata.rawInput("fake", "", 4).shape, [1, 1]);
	});

	test("gives its size to the one dimension that is left to it", async (t) => {
		const config = `backend: "fake" input { name: "input" data_type: TYPE_FP32 dims: [ -1, 1 ] }`;
		const { metadata } = await setUp(t, { config });
		assert.deepEqual(metadata.rawInput("fake", "", 40).shape, [10, 1]);
	});
});

describe("statistics", () => {
	test("have every model, one model or one version, in ns", async (t) => {
		const { metadata, versions } = await setUp(
			t,
			{ config: PLAIN, curveMs: { 1: 2 } },
			{ config: PLAIN, version: 2 },
		);
		const [first] = versions;
		first?.submit("a", { rows: 2 });
		await first?.nextTurn();
		first?.clock.advance(2000);
		const [one, two] = metadata.statistics("", "");
		assert.deepEqual([one?.version, two?.version], ["1", "2"]);
		assert.equal(one?.inferenceCount, 2);
		assert.equal(one?.executionCount, 1);
		assert.deepEqual(one?.success, { count: 1, ns: 2_000_000 });
		assert.deepEqual(
			one?.batchStats.map(({ batchSize, computeInfer }) => [
				batchSize,
				computeInfer,
			]),
			[[2, { count: 1, ns: 2_000_000 }]],
		);
		assert.equal(two?.lastInferenceMs, 0);
		assert.equal(metadata.statistics("fake", "2").length, 1);
		assert.equal(metadata.statistics("fake", "").length, 2);
	});

	test("of what is not there fail in Triton's words", async (t) => {
		const { metadata } = await setUp(t, {});
		for (const [name, version, message] of [
			["gone", "", "requested model 'gone' is not available"],
			[
				"fake",
				"9",
				"requested model version '9' is not available for model 'fake'",
			],
		] as const)
			assert.throws(() => metadata.statistics(name, version), {
				code: "INVALID_ARGUMENT",
				message,
			});
	});
});
