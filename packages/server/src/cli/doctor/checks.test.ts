import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMemory, modelMemoryFinding } from "./checks.ts";

const MIB = 1024 * 1024;

test("little memory is warned of, with what to do", () => {
	assert.equal(checkMemory(512 * MIB).state, "ok");
	const little = checkMemory(300 * MIB);
	assert.equal(little.state, "warn");
	assert.match(little.found, /300 MiB/);
	assert.match(little.remedy, /memory limit/);
});

test("models that do not fit fail, those that cannot be replaced while they serve are warned of", () => {
	const state = (fileMib: number) =>
		modelMemoryFinding("memory", "", fileMib * MIB, 1000 * MIB).state;
	assert.equal(state(500), "ok");
	assert.equal(state(501), "warn");
	assert.equal(state(1001), "fail");
});
