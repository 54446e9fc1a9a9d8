import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveOptions } from "../config/resolve.ts";
import { createModelMemory } from "./model-memory.ts";

const DEVICES = [{ name: "cpu" }, { name: "gpu0" }, { name: "gpu1" }];

function memoryFor(...args: readonly string[]) {
	const resolved = resolveOptions({ args, env: {}, fileText: null });
	if (!resolved.ok) assert.fail(resolved.problems.join());
	return createModelMemory(resolved.options, DEVICES, {
		idle: () => [],
		evict: async () => false,
	});
}

test("each device has its own budget, and those that are not named the one of all", async () => {
	const memory = memoryFor(
		"--model-memory-budget=100",
		"--model-memory-budget=cpu=10,gpu1=0",
	);
	assert.ok(memory !== null);
	const load = (device: string, bytes: number) =>
		memory.reserve(`${device}-${bytes}`, 1, new Map([[device, bytes]]));
	await load("cpu", 10);
	// What is full leaves the others alone.
	await assert.rejects(load("cpu", 1), { code: "UNAVAILABLE" });
	await load("gpu0", 100);
	await assert.rejects(load("gpu0", 1), { code: "UNAVAILABLE" });
	await load("gpu1", 1e12);
});

test("where no device has a limit nothing is counted", () => {
	for (const args of [[], ["--model-memory-budget=0"]])
		assert.equal(memoryFor(...args), null);
	assert.equal(memoryFor("--model-memory-budget=cpu=0"), null);
});

test("the budget of a device that is not there is an error that says which there are", () => {
	assert.throws(() => memoryFor("--model-memory-budget=gpu7=5"), {
		code: "INVALID_ARGUMENT",
		message: /'gpu7'; there are cpu, gpu0, gpu1/,
	});
});
