import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryBudget } from "./memory-budget.ts";

const all = { device: null, bytes: 100 };
const cpu = { device: "cpu", bytes: 7 };
const gpu = { device: "GPU-1a=2b", bytes: 0 };

for (const [name, value, expected] of [
	["one for all devices", "100", [all]],
	["one as a number", 100, [all]],
	["several in one text", "100, cpu=7,GPU-1a=2b=0", [all, cpu, gpu]],
	["several, one by one", ["100", "cpu=7"], [all, cpu]],
	["a mapping, as YAML has it", { cpu: 7, "GPU-1a=2b": 0 }, [cpu, gpu]],
	["a list of both", [100, { cpu: 7 }], [all, cpu]],
] as const)
	test(`budgets of memory are read: ${name}`, () => {
		assert.deepEqual(memoryBudget(value), { ok: true, value: expected });
	});

for (const [value, problem] of [
	["8GB", /whole number/],
	["cpu=", /whole number/],
	["", /whole number/],
	["-1", /whole number/],
	["=5", /a device has a name/],
	["cpu=1,cpu=2", /cpu is given twice/],
	["1,2", /budget of all devices is given twice/],
	[{ cpu: "much" }, /whole number/],
	[true, /whole number/],
] as const)
	test(`budgets of memory are refused: ${JSON.stringify(value)}`, () => {
		const read = memoryBudget(value);
		assert.ok(!read.ok);
		assert.match(read.problem, problem);
	});
