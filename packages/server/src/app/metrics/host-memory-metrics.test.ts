import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogicalDevice } from "../../devices/device-manager.ts";
import { MetricsRegistry } from "../../telemetry/registry.ts";
import { pageText } from "../../telemetry/testing/page-text.ts";
import { collectHostMemory } from "./host-memory-metrics.ts";

const device = (name: string, kind: "cpu" | "gpu") =>
	({ name, device: { kind } }) as LogicalDevice;
const DEVICES = [device("cpu", "cpu"), device("gpu0", "gpu")];
const page = (registry: MetricsRegistry) =>
	pageText(registry)
		.split("\n")
		.filter((line) => line.startsWith("saccade_memory_fragmentation_ratio"));

test("CPU devices show it, and each scrape has it read anew", async () => {
	const registry = new MetricsRegistry();
	let freeBytes = 25;
	const read = async () => ({
		usedBytes: 75,
		freeBytes,
		anonymousBytes: 1000,
	});
	await collectHostMemory(registry, DEVICES, { read, heapBytes: () => 0 });
	freeBytes = 0;
	const line = 'saccade_memory_fragmentation_ratio{device="cpu"}';
	assert.deepEqual(page(registry), [`${line} 0.25`]);
	await new Promise((turn) => setImmediate(turn));
	assert.deepEqual(page(registry), [`${line} 0`]);
});

test("where nothing is known there is no series, and nothing fails", async () => {
	for (const read of [
		async () => null,
		async () => {
			throw new Error("no /proc");
		},
	]) {
		const registry = new MetricsRegistry();
		await collectHostMemory(registry, DEVICES, { read });
		assert.deepEqual(page(registry), []);
	}
});
