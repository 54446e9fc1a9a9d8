import assert from "node:assert/strict";
import { test } from "node:test";
import { SaccadeError } from "../errors/saccade-error.ts";
import { ModelRegistry } from "../models/model-registry.ts";
import { makeReadyModel } from "../models/testing/fake-model.ts";
import { RegistryHealthService } from "./health-service.ts";

const broken = () =>
	Promise.reject(new SaccadeError("LOAD_FAILED", "a bad file"));

async function setUp(strict: boolean) {
	const registry = new ModelRegistry({
		versionReady: () => {},
		versionGone: () => {},
		loadFailed: () => {},
	});
	const phase = { isServing: false, isDraining: false };
	const health = new RegistryHealthService(registry, phase, strict);
	const { model } = await makeReadyModel();
	const load = () =>
		registry.load("fake", async () => [{ ok: true, version: 1, model }]);
	return { registry, phase, health, load };
}

test("the server is live always, and ready while it serves", async () => {
	const { phase, health, registry } = await setUp(true);
	assert.deepEqual([health.live(), health.ready()], [true, false]);
	phase.isServing = true;
	assert.deepEqual([health.live(), health.ready()], [true, true]);
	await registry.close();
});

test("readiness follows what the models are now", async () => {
	const { phase, health, registry, load } = await setUp(true);
	phase.isServing = true;
	await assert.rejects(registry.load("fake", broken));
	assert.equal(health.ready(), false);
	await load();
	assert.equal(health.ready(), true);
	await registry.unload("fake");
	assert.equal(health.ready(), true, "unloaded on purpose");
	await registry.close();
});

test("without strict readiness a model that failed does not count", async () => {
	const { phase, health, registry } = await setUp(false);
	phase.isServing = true;
	await assert.rejects(registry.load("fake", broken));
	assert.equal(health.ready(), true);
	assert.throws(() => health.assertModelReady("fake", ""), {
		code: "UNAVAILABLE",
		message: /'fake' version 1 is not at ready state/,
	});
	await registry.close();
});

test("a model is ready in its versions, and tells which it has not", async () => {
	const { health, registry, load } = await setUp(true);
	await load();
	health.assertModelReady("fake", "");
	health.assertModelReady("fake", "1");
	assert.throws(() => health.assertModelReady("fake", "2"), {
		code: "NOT_FOUND",
	});
	await registry.close();
});

test("a server that drains says so to who asks whether it is ready", async () => {
	const { phase, health, registry } = await setUp(true);
	phase.isDraining = true;
	assert.throws(() => health.ready(), {
		code: "UNAVAILABLE",
		refusedBecause: "shutting-down",
		message: /^Server exiting/,
	});
	assert.equal(health.live(), true);
	await registry.close();
});
